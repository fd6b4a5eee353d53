import "@fontsource-variable/inter/wght.css";
import "./style/tokens.css";
import "./style/elements.css";
import "./style/components.css";
import "./style/shell.css";
import { render } from "preact";
import { App } from "./app";
import { arrive } from "./session";

void arrive();
render(<App />, document.getElementById("app")!);
