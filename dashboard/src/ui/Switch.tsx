interface SwitchProps<T extends string> {
  label: string;
  /** Each choice and its words. */
  choices: readonly (readonly [T, string])[];
  value: T;
  onChange: (value: T) => void;
}

/** One of a few that are all seen. */
export function Switch<T extends string>({ label, choices, value, onChange }: SwitchProps<T>) {
  return (
    <div class="switch" role="group" aria-label={label}>
      {choices.map(([one, words]) => (
        <button key={one} type="button" aria-pressed={one === value} onClick={() => onChange(one)}>
          {words}
        </button>
      ))}
    </div>
  );
}
