import { Field } from "./Field";

interface ZoneFieldProps {
  value: string;
  onChange: (zone: string) => void;
  hint: string;
}

/** A time zone, of all there are. */
export function ZoneField({ value, onChange, hint }: ZoneFieldProps) {
  const zones = [...new Set([value, "UTC", ...Intl.supportedValuesOf("timeZone")])];
  return (
    <Field label="Time zone" hint={hint}>
      {(field) => (
        <select {...field} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {zones.map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </select>
      )}
    </Field>
  );
}
