-- The oldest code (by its newest revision) that runs with this schema. A migration that takes something away updates it.
CREATE TABLE schema_compatibility (
    singleton    boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    oldest_code  text NOT NULL
);
INSERT INTO schema_compatibility (oldest_code) VALUES ('0004');
