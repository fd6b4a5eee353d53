import { useState } from "preact/hooks";

const MARKS = /(https?:\/\/\S+|(?<![\w/&])#[\p{L}\p{N}_]+|(?<![\w.+-])@[\w.-]+\w(?:@[\w.-]+\w)?)/gu;

interface WordsProps {
  text: string;
  /** Characters after which the platform folds it away behind "more". */
  fold?: number;
}

/** A caption with its links, tags and mentions marked, folded where the platform folds it. */
export function Words({ text, fold }: WordsProps) {
  const [open, setOpen] = useState(false);
  const folded = fold !== undefined && text.length > fold && !open;
  const shown = folded ? `${text.slice(0, fold).trimEnd()}… ` : text;
  return (
    <span class="words">
      {shown.split(MARKS).map((part, index) => (index % 2 ? <b key={index}>{part}</b> : part))}
      {folded && (
        <button type="button" onClick={() => setOpen(true)}>
          more
        </button>
      )}
    </span>
  );
}
