// A WebSocket client in the page. The model has the address, the first message and a label; nothing goes back.

const MOST_MESSAGES = 200;

function element(parent, tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function render({ model, el }) {
  const root = element(el, "section", "lab-websocket");
  root.setAttribute("aria-label", model.get("label"));
  const head = element(root, "div", "lab-websocket-row");
  element(head, "strong", "", model.get("label"));
  const state = element(head, "span", "lab-websocket-state");
  state.setAttribute("role", "status");
  const toggle = element(head, "button", "lab-websocket-toggle");
  toggle.type = "button";
  element(root, "code", "lab-websocket-url", model.get("url"));

  const form = element(root, "form", "lab-websocket-row");
  const label = element(form, "label", "", "Message (JSON)");
  const field = element(label, "textarea", "lab-websocket-message");
  field.rows = 2;
  field.spellcheck = false;
  field.value = model.get("message");
  const send = element(form, "button", "lab-websocket-send", "Send");
  send.type = "submit";
  const problem = element(root, "p", "lab-websocket-problem");
  problem.setAttribute("role", "alert");
  const log = element(root, "ol", "lab-websocket-log");
  log.setAttribute("aria-label", "Messages");
  log.setAttribute("aria-live", "polite");
  log.tabIndex = 0;

  let socket;

  function show(name, text) {
    root.dataset.state = name;
    state.textContent = text;
    const isOver = name === "closed";
    toggle.textContent = isOver ? "Reconnect" : "Disconnect";
    toggle.disabled = name === "connecting";
    send.disabled = name !== "open";
  }

  function note(who, text) {
    const item = element(log, "li", `lab-websocket-${who}`);
    const time = new Date().toLocaleTimeString([], { hour12: false });
    element(item, "span", "lab-websocket-when", `${time} ${who === "sent" ? "sent" : "received"}`);
    element(item, "pre", "", indented(text));
    while (log.children.length > MOST_MESSAGES) log.firstChild.remove();
    log.scrollTop = log.scrollHeight;
  }

  function connect() {
    show("connecting", "connecting");
    let opened = false;
    const mine = new WebSocket(model.get("url"));
    socket = mine;
    mine.onopen = () => {
      opened = true;
      show("open", "open");
    };
    mine.onmessage = (event) => note("received", event.data);
    mine.onclose = (event) => {
      if (mine !== socket) return;
      // A browser doesn't tell a page with which status a handshake was refused.
      const why = opened ? `closed with code ${event.code}` : `refused or unreachable (code ${event.code})`;
      show("closed", event.reason ? `${why}: ${event.reason}` : why);
    };
  }

  toggle.addEventListener("click", () => {
    if (root.dataset.state === "closed") connect();
    else socket.close(1000);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    problem.textContent = "";
    try {
      JSON.parse(field.value);
    } catch (error) {
      problem.textContent = `Not sent, this is no JSON: ${error.message}`;
      return;
    }
    socket.send(field.value);
    note("sent", field.value);
  });
  field.addEventListener("keydown", (event) => {
    event.stopPropagation(); // JupyterLab would take keys for its own shortcuts
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });

  connect();
  return () => {
    const mine = socket;
    socket = undefined;
    mine.close(1000);
  };
}

export default { render };
