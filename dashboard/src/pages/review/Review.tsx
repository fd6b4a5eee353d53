import { CheckCheck } from "lucide-preact";
import { Empty } from "../../ui/Empty";

export default function Review() {
  return (
    <Empty icon={CheckCheck} title="All reviewed">
      <p>What needs a yes before it goes out appears here.</p>
    </Empty>
  );
}
