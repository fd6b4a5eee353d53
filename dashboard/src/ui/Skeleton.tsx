interface SkeletonProps {
  /** CSS lengths: as large as what will stand here, so that nothing jumps. */
  height: string;
  width?: string;
  /** How many, one below the other. */
  count?: number;
}

export function Skeleton({ height, width = "100%", count = 1 }: SkeletonProps) {
  return (
    <div style={{ display: "grid", gap: "8px" }} aria-hidden>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} class="skeleton" style={{ height, width }} />
      ))}
    </div>
  );
}
