import type { Container } from "@layers/sdk";
import { Clapperboard, Clock, Image, Images, type LucideIcon, Text, Zap } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { nearby } from "../../api";
import { Button } from "../../ui/Button";
import { dateTime, fromNow } from "../../words/times";

export const KINDS: Record<string, { words: string; icon: LucideIcon }> = {
  video: { words: "Video", icon: Clapperboard },
  image: { words: "Image", icon: Image },
  carousel: { words: "Carousel", icon: Images },
  text: { words: "Text", icon: Text },
};

interface QueueListProps {
  containers: readonly Container[];
  chosen: string;
  onChoose: (id: string) => void;
  onHelp: () => void;
}

/** Everything that waits, at the side. */
export function QueueList({ containers, chosen, onChoose, onHelp }: QueueListProps) {
  return (
    <section class="queue" aria-label="Waiting">
      <header>
        <h1>Review</h1>
        <Button tone="quiet" shortcut="?" onClick={onHelp}>
          Keys
        </Button>
      </header>
      <ol>
        {containers.map((container) => (
          <Waiting key={container.id} container={container} chosen={container.id === chosen} onChoose={onChoose} />
        ))}
      </ol>
    </section>
  );
}

interface WaitingProps {
  container: Container;
  chosen: boolean;
  onChoose: (id: string) => void;
}

function Waiting({ container, chosen, onChoose }: WaitingProps) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (chosen) button.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <li>
      <button type="button" ref={button} aria-current={chosen} onClick={() => onChoose(container.id)}>
        <Thumbnail container={container} />
        <span class="queue-words">
          <span class="queue-caption">{container.caption || "No caption"}</span>
          <Plan container={container} />
        </span>
      </button>
    </li>
  );
}

function Thumbnail({ container }: { container: Container }) {
  const [first] = container.assets;
  const { icon: Icon, words } = KINDS[container.kind] ?? KINDS.text!;
  return (
    <span class="thumbnail">
      {first?.kind === "image" && <img src={nearby(first.url)} alt="" />}
      {first?.kind === "video" && <video src={`${nearby(first.url)}#t=0.1`} preload="metadata" muted aria-hidden />}
      <Icon size={first ? 14 : 20} aria-label={words} />
    </span>
  );
}

/** In a word, what becomes of it once it is approved. */
function Plan({ container: { pendingSchedule, createdAt } }: { container: Container }) {
  if (!pendingSchedule) return <small class="faint">No plan yet · {fromNow(createdAt)}</small>;
  const at = pendingSchedule.scheduledFor;
  return (
    <small class="soft queue-plan">
      {at ? <Clock size={12} aria-hidden /> : <Zap size={12} aria-hidden />}
      {at ? dateTime(at) : "As soon as approved"}
    </small>
  );
}
