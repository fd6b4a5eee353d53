import type { ComponentChildren } from "preact";

interface TicksProps<T extends string> {
  legend: string;
  choices: readonly T[];
  value: readonly T[];
  /** All are ticked, and it stays so. */
  all?: boolean;
  onChange: (value: readonly T[]) => void;
  /** Stands above them, such as what ticks several at once. */
  children?: ComponentChildren;
}

/** Any of many. */
export function Ticks<T extends string>({ legend, choices, value, all = false, onChange, children }: TicksProps<T>) {
  const toggle = (one: T, on: boolean) => onChange(on ? [...value, one] : value.filter((other) => other !== one));
  return (
    <fieldset class="ticks">
      <legend>{legend}</legend>
      {children}
      <ul>
        {choices.map((one) => (
          <li key={one}>
            <label>
              <input
                type="checkbox"
                checked={all || value.includes(one)}
                disabled={all}
                onChange={(event) => toggle(one, event.currentTarget.checked)}
              />
              {one}
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}
