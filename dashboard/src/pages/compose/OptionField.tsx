import type { PlatformOption } from "@layers/sdk";
import type { ComponentChildren } from "preact";
import { Field, type FieldAttributes } from "../../ui/Field";
import type { Picked } from "./draft";

interface OptionFieldProps {
  name: string;
  option: PlatformOption;
  value: unknown;
  /** What the account has set for all its posts. */
  fallback: unknown;
  files: readonly Picked[];
  issues: readonly string[];
  /** undefined: left out, the account's or the platform's default holds. */
  onChange: (value: unknown) => void;
}

/** `disableComment` → `Disable comment` */
const wordsOf = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (letter) => letter.toUpperCase());

/** One of `platformOptions`, as the catalog describes it. */
export function OptionField({ name, option, issues, ...rest }: OptionFieldProps) {
  const hint = [option.about, rest.fallback !== undefined && `This account's default: ${String(rest.fallback)}.`];
  return (
    <Field label={wordsOf(name)} hint={hint.filter(Boolean).join(" ")} issues={issues}>
      {(field) => <Input field={field} option={option} {...rest} />}
    </Field>
  );
}

type InputProps = Omit<OptionFieldProps, "name" | "issues"> & { field: FieldAttributes };

function Input(props: InputProps): ComponentChildren {
  const { option, files } = props;
  if (option.type === "boolean") return <YesNo {...props} />;
  if (option.type === "string[]" && option.perItem) return files.map((file, index) => <OneText key={file.key} {...props} index={index} />);
  if (option.choices && option.type === "string") return <Choices {...props} choices={option.choices} />;
  return <Typed {...props} />;
}

function YesNo({ field, value, onChange }: InputProps) {
  const words = { "": "Default", true: "Yes", false: "No" };
  return (
    <select
      {...field}
      value={value === undefined ? "" : String(value)}
      onChange={({ currentTarget }) => onChange(currentTarget.value === "" ? undefined : currentTarget.value === "true")}
    >
      {Object.entries(words).map(([given, word]) => (
        <option key={given} value={given}>
          {word}
        </option>
      ))}
    </select>
  );
}

function Choices({ field, value, choices, onChange }: InputProps & { choices: readonly string[] }) {
  return (
    <select {...field} value={String(value ?? "")} onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}>
      <option value="">Default</option>
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {choice.replaceAll("_", " ").toLowerCase()}
        </option>
      ))}
    </select>
  );
}

function Typed({ field, option, value, onChange }: InputProps) {
  const many = option.type === "string[]";
  const shown = many && Array.isArray(value) ? value.join(", ") : String(value ?? "");
  const read = (text: string): unknown => {
    if (!text.trim()) return undefined;
    if (option.type === "integer") return Math.round(Number(text));
    return many ? text.split(",").map((part) => part.trim()).filter(Boolean) : text;
  };
  return (
    <input
      {...field}
      type={option.type === "integer" ? "number" : "text"}
      min={option.least ?? undefined}
      placeholder={many ? "Separated by commas" : undefined}
      defaultValue={shown}
      onInput={({ currentTarget }) => onChange(read(currentTarget.value))}
    />
  );
}

/** The text of one media item. */
function OneText({ field, value, files, index, onChange }: InputProps & { index: number }) {
  const texts = Array.isArray(value) ? value.map(String) : [];
  const change = (text: string) => {
    const all = files.map((_, at) => (at === index ? text : (texts[at] ?? "")));
    onChange(all.some(Boolean) ? all : undefined);
  };
  return (
    <input
      {...field}
      id={index === 0 ? field.id : `${field.id}-${index}`}
      aria-label={index === 0 ? undefined : `Item ${index + 1}`}
      placeholder={files[index]!.file.name}
      value={texts[index] ?? ""}
      onInput={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}
