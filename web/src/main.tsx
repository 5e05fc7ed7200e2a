// Where the console begins: keys, addresses, theme, and the shell around the pages.
import { render } from "preact";

import { startKeyboard } from "./keyboard";
import { startRouter } from "./router";
import { Shell } from "./shell/shell";
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/panels.css";
import "./styles/controls.css";
import "./styles/text.css";
import "./styles/tables.css";
import "./styles/charts.css";
import "./styles/states.css";
import "./styles/dialogs.css";
import "./styles/shell.css";
import { startTheme } from "./theme";

startTheme();
startRouter();
startKeyboard();
const root = document.getElementById("app");
if (root) render(<Shell />, root);
