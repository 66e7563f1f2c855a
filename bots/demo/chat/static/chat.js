// The chat to try. State comes by server-sent events; what people do goes out by POST. No text is ever read as HTML but
// what the server made of the assistant's Markdown.
"use strict";

const $ = (id) => document.getElementById(id);
const state = {
  people: new Map(), rooms: new Map(), messages: new Map(), records: [], report: {}, news: new Set(),
  platform: "slack", room: null, person: null, thread: null, replyTo: null, statuses: new Map(),
};
const EMOJI = ["👍", "👎", "🤥", "5️⃣", "✏️", "🔁"];
const NAMES = { "👍": "Good", "👎": "No good", "🤥": "Made up", "5️⃣": "Five of five", "✏️": "Correct it", "🔁": "Another answer", "💬": "It was a question", "❌": "Take it back" };

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, handle] of Object.entries(value)) element.addEventListener(event, handle);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((each) => each !== null && each !== undefined));
  return element;
}

async function act(what) {
  const response = await fetch("/chat/do", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ person: state.person, room: state.room, ...what }),
  });
  const told = await response.json();
  $("problem").hidden = response.ok;
  if (!response.ok) $("problem").textContent = told.detail;
  if (told.form) openForm(told.form);
  return told;
}

// Rooms and people

function shownRooms() {
  return [...state.rooms.values()].filter((room) => room.platform === state.platform
    && (room.kind !== "dm" || room.name === state.people.get(state.person)?.name));
}

function drawRooms() {
  for (const tab of document.querySelectorAll("[data-platform]")) {
    tab.setAttribute("aria-selected", String(tab.dataset.platform === state.platform));
  }
  $("rooms").replaceChildren(...shownRooms().map((room) => {
    const sign = room.kind === "dm" ? "✉" : room.kind === "thread" ? "↳" : "#";
    const name = room.kind === "dm" ? "plaudit" : room.name;
    const button = make("button", {
      "aria-current": String(room.id === state.room), class: state.news.has(room.id) && room.id !== state.room ? "news" : null,
      on: { click: () => enter(room.id) },
    }, make("span", { class: "dim", "aria-hidden": "true" }, sign), name);
    return make("li", {}, button);
  }));
  const here = state.rooms.get(state.room);
  $("room-name").textContent = here ? (here.kind === "dm" ? "plaudit" : `${here.kind === "thread" ? "↳ " : "#"}${here.name}`) : "";
  $("room-hint").textContent = here?.kind === "dm" ? "You and the bot alone" : "Mention @plaudit to ask; react, press or comment to judge";
}

function colour(person) {
  if (person.bot) return "bot";
  return `c${[...state.people.keys()].indexOf(person.id) % 5}`;
}

function face(person) {
  return make("span", { class: `face ${colour(person)}`, "aria-hidden": "true" }, person.name[0].toUpperCase());
}

function drawPeople() {
  $("people").replaceChildren(...[...state.people.values()].map((person) => make("button", {
    role: "radio", "aria-checked": String(person.id === state.person), tabindex: person.id === state.person ? "0" : "-1",
    on: { click: () => become(person.id), keydown: (event) => step(event, person.id) },
  }, face(person), person.name)));
}

function step(event, id) {
  const ids = [...state.people.keys()];
  const move = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!move) return;
  event.preventDefault();
  become(ids[(ids.indexOf(id) + move + ids.length) % ids.length]);
  $("people").querySelector("[aria-checked=true]").focus();
}

function closeRooms() {
  document.querySelector(".rooms").classList.remove("shown");
  $("menu").setAttribute("aria-expanded", "false");
}

async function become(id) {
  state.person = id;
  closeRooms();
  const there = state.rooms.get(state.room);
  await joinDm();
  if (there?.kind === "dm") enter(shownRooms().find((room) => room.kind === "dm").id);
  drawAll();
}

async function joinDm() {
  await act({ do: "join", platform: state.platform });
}

function enter(id) {
  state.room = id;
  closeRooms();
  state.news.delete(id);
  state.thread = null;
  reply(null);
  drawAll();
  toEnd($("messages"));
}

// Messages

const visible = (message) => !message.deleted && (message.only_for === null || message.only_for === state.person);

function short(message) {
  const text = message.text || new DOMParser().parseFromString(message.html, "text/html").body.textContent;
  return text.replace(/\s+/g, " ").trim().slice(0, 90);
}

function inRoom() {
  return [...state.messages.values()].filter((each) => each.room === state.room && visible(each));
}

function drawMessages() {
  const all = inRoom();
  fill($("messages"), all.filter((each) => each.thread === null));
  $("welcome").hidden = all.some((each) => each.thread === null);
  const root = state.thread && state.messages.get(state.thread);
  $("thread").hidden = !root;
  if (root) fill($("replies"), all.filter((each) => each.id === root.id || each.thread === root.id), true);
}

function fill(list, messages, inThread = false) {
  const box = list.parentElement;
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const old = new Map([...list.children].map((each) => [each.dataset.id, each]));
  list.replaceChildren(...messages.map((message) => {
    const stamp = JSON.stringify([message, state.person, threadCount(message)]);
    const known = old.get(message.id);
    if (known && known.stamp === stamp) return known;
    const row = messageRow(message, inThread);
    row.stamp = stamp;
    return row;
  }));
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function toEnd(list) {
  list.parentElement.scrollTop = list.parentElement.scrollHeight;
}

function threadCount(message) {
  if (state.platform !== "slack") return 0;
  return inRoom().filter((each) => each.thread === message.id).length;
}

function messageRow(message, inThread) {
  const person = message.author;
  const said = make("div", { class: person.bot ? "said" : "said plain" });
  if (person.bot) said.innerHTML = message.html; // made from Markdown by the server, without any HTML of the model's
  else said.textContent = message.text;
  for (const link of said.querySelectorAll("a")) { link.rel = "noopener noreferrer"; link.target = "_blank"; }
  const time = new Date(message.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const parent = message.reply_to && state.messages.get(message.reply_to);
  const head = make("div", { class: "who" }, make("b", {}, person.name), person.bot ? make("span", { class: "app" }, "APP") : null,
    make("time", {}, time), message.edited ? make("span", {}, "(edited)") : null,
    message.only_for ? make("span", {}, "only you see this") : null);
  const body = make("div", { class: "said-box" }, head,
    parent ? make("div", { class: "quote" }, `↩ ${parent.author.name}: ${short(parent)}`) : null, said);
  const row = make("li", { class: `message${message.only_for ? " alone" : ""}`, "data-id": message.id },
    face(person), body, chips(message, inThread), tools(message, inThread));
  return row;
}

function chips(message, inThread) {
  const row = make("div", { class: "chips" });
  for (const button of message.buttons) {
    row.append(make("button", { class: "press", on: { click: () => act({ do: "press", message: message.id, control: button.name, label: button.label }) } }, button.label));
  }
  for (const [emoji, people] of Object.entries(message.reactions)) {
    const names = people.map((id) => state.people.get(id)?.name ?? "plaudit").join(", ");
    row.append(make("button", {
      class: people.includes(state.person) ? "mine" : null, title: names, "aria-label": `${emoji}, ${people.length}: ${names}`,
      "aria-pressed": String(people.includes(state.person)), on: { click: () => act({ do: "react", message: message.id, emoji }) },
    }, `${emoji} ${people.length}`));
  }
  const count = inThread ? 0 : threadCount(message);
  if (count) row.append(make("button", { class: "open-thread", on: { click: () => openThread(message.id) } }, `${count} ${count === 1 ? "reply" : "replies"}`));
  return row;
}

function tools(message, inThread) {
  if (message.only_for) return null;
  const own = message.author.id === state.person;
  const tool = (label, name, handle) => make("button", { "aria-label": name, title: name, on: { click: handle } }, label);
  const emoji = own ? ["💬", "❌"] : EMOJI;
  const row = make("div", { class: "tools", role: "toolbar", "aria-label": "About this message" },
    ...emoji.map((each) => tool(each, `${NAMES[each]} (${each})`, () => act({ do: "react", message: message.id, emoji: each }))));
  if (state.platform === "discord") row.append(tool("↩", "Reply", () => reply(message.id)));
  else if (!inThread) row.append(tool("🧵", "Open the thread", () => openThread(message.thread ?? message.id)));
  if (message.author.bot) {
    row.append(tool("☆", "Rate this reply", () => act({ do: "choose", message: message.id, entry: "rate" })));
    row.append(tool("✎", "Correct this reply", () => act({ do: "choose", message: message.id, entry: "correct" })));
  }
  if (own) row.append(tool("🗑", "Delete", () => act({ do: "delete", message: message.id })));
  return row;
}

function openThread(id) {
  state.thread = id;
  drawMessages();
  toEnd($("replies"));
  $("reply").focus();
}

function reply(id) {
  state.replyTo = id;
  const message = id && state.messages.get(id);
  $("replying").hidden = !message;
  if (message) { $("replying").firstElementChild.textContent = `↩ ${message.author.name}: ${short(message)}`; $("write").focus(); }
}

// Writing

async function send(field, more) {
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  grow(field);
  if (text.startsWith("/plaudit")) await act({ do: "command", text: text.slice(8).trim() });
  else {
    await act({ do: "say", text, ...more });
    reply(null);
  }
}

for (const each of $("welcome").querySelectorAll("button")) {
  each.addEventListener("click", () => act({ do: "say", text: `@plaudit ${each.textContent}` }));
}

function grow(field) {
  field.rows = Math.min(6, field.value.split("\n").length);
}

for (const [form, field, more] of [
  [$("form"), $("write"), () => (state.replyTo ? { reply_to: state.replyTo, rings: $("rings").checked } : {})],
  [$("thread-form"), $("reply"), () => ({ thread: state.thread })],
]) {
  form.addEventListener("submit", (event) => { event.preventDefault(); send(field, more()); });
  field.addEventListener("input", () => grow(field));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(field, more()); }
  });
}

// Dialogs that the app opens before the person

function openForm(form) {
  $("dialog-title").textContent = form.title;
  $("send-form").textContent = form.submit || "Send";
  $("dialog-for").textContent = `Only ${state.people.get(state.person).name === "You" ? "you see" : `${state.people.get(state.person).name} sees`} this.`;
  $("fields").replaceChildren(...form.fields.map(fieldset));
  if (!$("dialog").open) $("dialog").showModal();
}

function fieldset(field) {
  const chosen = [].concat(field.value);
  if (field.choices.length && field.several) {
    return make("fieldset", { "data-name": field.name, "data-several": "1" }, make("legend", {}, field.label),
      ...field.choices.map((each) => make("label", { class: "choice" },
        make("input", { type: "checkbox", value: each.value, checked: chosen.includes(each.value) }), each.label)));
  }
  const id = `field-${field.name}`;
  const input = field.choices.length
    ? make("select", { id }, make("option", { value: "" }, field.hint || "–"),
      ...field.choices.map((each) => make("option", { value: each.value, selected: chosen.includes(each.value) }, each.label)))
    : make("textarea", { id, rows: "2", placeholder: field.hint }, String(field.value));
  return make("div", { "data-name": field.name }, make("label", { class: "head", for: id }, field.label), input);
}

$("dialog-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const values = {};
  for (const each of $("fields").children) {
    const checked = [...each.querySelectorAll("input:checked")].map((box) => box.value);
    const value = each.dataset.several ? checked : each.querySelector("select, textarea").value;
    if (value.length) values[each.dataset.name] = value;
  }
  $("dialog").close();
  await act({ do: "submit", values });
});
$("cancel").addEventListener("click", () => $("dialog").close());

// The log and the report

function record(line) {
  return make("li", {}, make("span", { class: "dim" }, `${line.seq} `), make("b", {}, line.type), make("span", { class: "dim" }, ` ${line.platform}`),
    line.found_later ? make("span", { class: "later" }, " found later") : null, make("div", {}, line.text));
}

const percent = (rate) => `${Math.round(rate * 100)}%`;

function drawReport() {
  const told = state.report;
  if (!told.replies) {
    const hint = state.counts ? "Ask something, and judge the answer: it shows here."
      : "The bot that is led here keeps its own log: look with plaudit report and plaudit events.";
    $("report").replaceChildren(make("p", { class: "dim" }, hint));
    return;
  }
  const votes = told.positive + told.negative;
  const box = make("div", {}, make("p", { class: "rate" }, votes ? percent(told.positive_rate) : "–", " ", make("small", {}, votes ? "positive" : "no votes yet")));
  if (told.interval.length) {
    const [low, high] = told.interval;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "bar"); svg.setAttribute("viewBox", "0 0 100 8"); svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img"); svg.setAttribute("aria-label", `between ${percent(low)} and ${percent(high)}, 95 % sure`);
    for (const [kind, x, width] of [["track", 0, 100], ["sure", low * 100, (high - low) * 100], ["point", Math.min(99, told.positive_rate * 100), 1]]) {
      const rect = document.createElementNS(svg.namespaceURI, "rect");
      rect.setAttribute("class", kind); rect.setAttribute("x", x); rect.setAttribute("width", Math.max(1, width)); rect.setAttribute("y", 2); rect.setAttribute("height", 4);
      svg.append(rect);
    }
    box.append(svg, make("p", { class: "dim small" }, `95 % sure: ${percent(low)}–${percent(high)}, by ${told.people} ${told.people === 1 ? "person" : "people"}`));
  }
  const figures = make("dl", { class: "figures" });
  const rows = [["replies", told.replies], ["judged", `${told.judged} (${percent(told.feedback_rate)})`], ["👍 by people", told.positive], ["👎 by people", told.negative]];
  for (const [name, count] of Object.entries(told.opinions)) if (count > 0 && name !== "user_feedback") rows.push([name.replace(/_/g, " "), count]);
  for (const [name, value] of rows) figures.append(make("dt", {}, name), make("dd", {}, String(value)));
  $("report").replaceChildren(box, figures);
}

function drawRecords() {
  $("records").replaceChildren(...state.records.slice(-200).reverse().map(record));
}

function drawStatus() {
  const here = [...state.statuses.values()].filter((each) => each.room === state.room && each.text);
  $("status").textContent = here.map((each) => `${each.person} ${each.text}`).join(" · ");
}

function drawAll() { drawRooms(); drawPeople(); drawMessages(); drawStatus(); }

// What happens

const hear = {
  all(told) {
    for (const name of ["people", "rooms", "messages"]) state[name] = new Map(told[name].map((each) => [each.id, each]));
    state.records = told.records;
    state.report = told.report;
    state.counts = told.counts;
    if (!state.people.has(state.person)) state.person = told.people.at(-1)?.id ?? null;
    if (!state.rooms.has(state.room)) state.room = shownRooms()[0]?.id ?? null;
    drawAll(); drawReport(); drawRecords();
    toEnd($("messages"));
    joinDm();
  },
  room(room) { state.rooms.set(room.id, room); drawRooms(); },
  message(message) {
    const isNew = !state.messages.has(message.id);
    state.messages.set(message.id, message);
    if (isNew && message.room !== state.room && visible(message)) { state.news.add(message.room); drawRooms(); }
    const root = message.thread && state.messages.get(message.thread);
    if (isNew && message.author.bot && root?.author.id === state.person && root.room === state.room && !state.thread) state.thread = root.id;
    drawMessages();
  },
  status(told) { state.statuses.set(`${told.room}:${told.person}:${told.thread}`, told); drawStatus(); },
  record(line) {
    state.records.push(line);
    const row = record(line);
    row.classList.add("new");
    $("records").prepend(row);
    while ($("records").children.length > 200) $("records").lastElementChild.remove();
  },
  report(told) { state.report = told; drawReport(); },
};

const live = new EventSource("/chat/live");
for (const [kind, handle] of Object.entries(hear)) live.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
live.addEventListener("error", () => { $("problem").hidden = false; $("problem").textContent = "The demo is not running any more. Start it again: plaudit demo --chat"; });
live.addEventListener("open", () => { $("problem").hidden = true; });

for (const tab of document.querySelectorAll("[data-platform]")) {
  tab.addEventListener("click", async () => {
    state.platform = tab.dataset.platform;
    await joinDm();
    enter(shownRooms()[0].id);
  });
}
$("close-thread").addEventListener("click", () => { state.thread = null; drawMessages(); $("write").focus(); });
$("no-reply").addEventListener("click", () => reply(null));
$("menu").addEventListener("click", () => $("menu").setAttribute("aria-expanded", String(document.querySelector(".rooms").classList.toggle("shown"))));
$("show-log").addEventListener("click", () => $("show-log").setAttribute("aria-expanded", String($("behind").classList.toggle("shown"))));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("dialog").open) { $("behind").classList.remove("shown"); document.querySelector(".rooms").classList.remove("shown"); if (state.thread) $("close-thread").click(); }
});
