// Plaudit's pages, alive: parts that change are fetched and put in place, charts are read by pointer and keys.
// Without it everything works by links and forms. Written for Plaudit; the same licence.
"use strict";
(() => {
  const body = document.body;
  const WAIT = { headers: { "Plaudit-Wait": "1" } };
  let seen = Number(body.dataset.seq);
  let asked = 0;
  // Each part as the server wrote it, by its id.
  const told = new Map([...document.querySelectorAll("[data-part]")].map((each) => [each.id, each.innerHTML]));

  document.documentElement.classList.add("js");

  // --- parts -------------------------------------------------------------------------------------------------------
  // The page at `address`, and of it the parts that this page has too. Of several asked for, the last one counts.
  async function show(address) {
    const mine = ++asked;
    const answer = await fetch(address, WAIT);
    if (!answer.ok) throw new Error(answer.statusText);
    if (answer.redirected && !answer.url.includes("/dashboard")) { location.href = answer.url; return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return;
    for (const there of document.querySelectorAll("[data-part]")) {
      const fresh = page.getElementById(there.id);
      if (!fresh || reads(there) || told.get(there.id) === fresh.innerHTML) continue;
      told.set(there.id, fresh.innerHTML);
      replace(there, fresh);
    }
    seen = Math.max(seen, Number(page.body.dataset.seq) || 0);
    document.title = page.title;
  }

  // What somebody writes in, or reads a figure of, is left alone.
  function reads(part) {
    const focused = document.activeElement;
    return part.contains(focused) && /^(INPUT|TEXTAREA|SELECT)$/.test(focused.tagName);
  }

  function replace(there, fresh) {
    const open = [...there.querySelectorAll("details[open][id]")].map((each) => each.id);
    const focused = there.contains(document.activeElement) ? path(there, document.activeElement) : null;
    there.replaceChildren(...document.importNode(fresh, true).childNodes);
    for (const id of open) { const each = document.getElementById(id); if (each) each.open = true; }
    if (focused) { const again = focused.reduce((node, n) => node && node.children[n], there); if (again) again.focus({ preventScroll: true }); }
    prepare(there);
  }

  function path(root, node) {
    const steps = [];
    for (; node !== root; node = node.parentNode) steps.unshift([...node.parentNode.children].indexOf(node));
    return steps;
  }

  function go(address) {
    history.pushState(null, "", address);
    return show(address).catch(() => location.assign(address));
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto]");
    if (form) go(query(form));
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-auto]")) return;
    event.preventDefault();
    go(query(event.target));
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(link.href).then(() => { agree(); document.getElementById("main").scrollIntoView(); });
  });
  addEventListener("popstate", () => location.reload());

  function query(form) {
    const chosen = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value) chosen.set(name, value);
    return `${location.pathname}?${chosen}`;
  }

  // The form says what the address says, also after a link.
  function agree() {
    const chosen = new URLSearchParams(location.search);
    for (const each of document.querySelectorAll("form[data-auto] select"))
      each.value = chosen.get(each.name) ?? each.options[0].value;
  }

  // --- news --------------------------------------------------------------------------------------------------------
  const state = document.getElementById("state");
  let fetching = false, again = false;

  function tell(words, off) { state.hidden = false; state.textContent = words; state.classList.toggle("off", off); }

  // One fetch at a time, about one a second at most, and a pause as long as four of them: many pages that are open do
  // not weigh on replies. What fails is tried again.
  async function refresh() {
    if (fetching) { again = true; return; }
    fetching = true;
    const begun = performance.now();
    let pause = 800;
    try {
      await show(location.href);
      body.removeAttribute("data-pending");
      if (state.classList.contains("off")) tell("Live", false);
      pause = Math.max(pause, Math.min(5000, 4 * (performance.now() - begun)));
    } catch {
      tell("Not connected", true);
      [again, pause] = [true, 5000];
    }
    await new Promise((done) => setTimeout(done, pause));
    fetching = false;
    if (again) { again = false; refresh(); }
  }

  if (body.dataset.live && window.EventSource) {
    const news = new EventSource(body.dataset.live);
    news.addEventListener("changed", (event) => {
      const seq = Number(event.data);
      tell("Live", false);
      if (seq > seen) { seen = seq; refresh(); }
    });
    news.onerror = () => tell("Not connected", true);
    addEventListener("pagehide", () => news.close());
  }
  if ("pending" in body.dataset) refresh();

  // --- charts ------------------------------------------------------------------------------------------------------
  function prepare(root) {
    // The figure shows its own tip at once; the browser's would come a second later.
    for (const title of root.querySelectorAll(".hit > title")) title.remove();
  }

  function point(plot, hit) {
    const tip = plot.querySelector(".tip"), was = plot.querySelector(".hit.on");
    if (was) was.classList.remove("on");
    tip.hidden = !hit;
    if (!hit) return;
    hit.classList.add("on");
    tip.textContent = hit.dataset.tip;
    const box = plot.getBoundingClientRect(), at = hit.getBoundingClientRect(), half = tip.offsetWidth / 2;
    const middle = at.left + at.width / 2 - box.left;
    tip.style.left = `${Math.max(half, Math.min(box.width - half, middle))}px`;
  }

  document.addEventListener("pointerover", (event) => {
    const plot = event.target.closest?.(".plot");
    if (plot) point(plot, event.target.closest(".hit"));
  });
  document.addEventListener("pointerout", (event) => {
    const plot = event.target.closest?.(".plot");
    if (plot && !plot.contains(event.relatedTarget)) point(plot, null);
  });
  document.addEventListener("keydown", (event) => {
    const plot = event.target.closest?.(".plot");
    if (!plot) return;
    const hits = [...plot.querySelectorAll(".hit")], now = hits.indexOf(plot.querySelector(".hit.on"));
    const next = { ArrowRight: now + 1, ArrowLeft: now < 0 ? hits.length - 1 : now - 1, Home: 0, End: hits.length - 1 }[event.key];
    if (event.key === "Escape") point(plot, null);
    if (next === undefined || !hits[next]) return;
    event.preventDefault();
    point(plot, hits[next]);
  });
  document.addEventListener("focusout", (event) => { const plot = event.target.closest?.(".plot"); if (plot) point(plot, null); });

  prepare(document);
})();
