"use strict";
// What reading does not need and likes to have: keys, more turns when they are reached, whole outputs in their place,
// and what a running trial adds. Every page can be read without it.
(() => {
  const main = document.getElementById("main");
  const help = document.getElementById("help");
  const names = [...document.querySelectorAll("input[name=names]")];
  const KEYS = { s: "signs of trouble", e: "errors", d: "edits", t: "tests", a: "approvals", f: "faults and challenges", m: "labels" };
  const TOLD = { tests: "test runs", approvals: "approvals or denials", "faults and challenges": "faults or challenges", "handed in, graded": "submission or grading" };
  const EVERY = 2;

  // A page of this server as a document whose scripts never run.
  const fetched = async (address) => {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  // A twin's names or the original's, as the reader wants them, on the next pages, too.
  const name = (choice) => {
    choice.checked = true;
    sessionStorage.setItem("names", choice.value);
  };
  for (const each of document.querySelectorAll(".names kbd")) each.hidden = false;
  for (const each of names) {
    if (each.value === sessionStorage.getItem("names")) each.checked = true;
    each.addEventListener("change", () => name(each));
  }

  // The step that the reader is at: the one that was gone to last, until the page is scrolled away from it.
  let at = null;
  const part = () => [...document.querySelectorAll(".part")].find((each) => each.getBoundingClientRect().bottom > 120);
  const here = () => {
    if (at !== null) return at;
    const first = part();
    const top = document.getElementById("parts");
    return first && top && top.getBoundingClientRect().top < 150 ? Number(first.dataset.first) : -1;
  };
  for (const kind of ["wheel", "touchmove"]) addEventListener(kind, () => { at = null; }, { passive: true });

  const show = (element) => {
    for (let up = element; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    for (const marked of document.querySelectorAll(".here")) marked.classList.remove("here");
    element.classList.add("here");
    element.scrollIntoView({ block: "start", behavior: "instant" });
    // Where the reader is, the focus is: Tab goes on from here, and a screen reader reads it.
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
  };
  const go = (step) => {
    const element = document.getElementById(`s${step}`);
    at = step;
    if (!element) {
      location.assign(`${location.pathname}?at=${step}#s${step}`);
      return;
    }
    show(element);
    history.replaceState(null, "", `?at=${step}#s${step}`);
  };
  const jump = (lane, forward) => {
    const found = [...document.querySelectorAll("[data-lane][data-steps]")].find((each) => each.dataset.lane === lane);
    const steps = found ? found.dataset.steps.split(" ").filter(Boolean).map(Number) : [];
    const now = here();
    const next = forward ? steps.find((step) => step > now) : steps.findLast((step) => step < now);
    tell(next === undefined ? `no ${forward ? "further" : "earlier"} ${TOLD[lane] ?? lane}` : "");
    if (next !== undefined) go(next);
  };
  // What a key that goes nowhere says.
  const told = document.getElementById("told");
  let silence = 0;
  const tell = (words) => {
    told.textContent = words;
    clearTimeout(silence);
    silence = setTimeout(() => { told.textContent = ""; }, 2500);
  };
  const turn = (forward) => {
    const parts = [...document.querySelectorAll(".part")];
    if (!parts.length) {
      const links = [...main.querySelectorAll("tbody a, .found a, .choices a")];
      const there = links.indexOf(document.activeElement);
      links[forward ? there + 1 : Math.max(0, there - 1)]?.focus();
      return;
    }
    const now = here();
    const next = forward
      ? parts.find((each) => Number(each.dataset.first) > now)
      : parts.findLast((each) => Number(each.dataset.last) < now);
    const chunk = document.querySelector(forward ? "#later" : ".chunk a:not(#later)");
    if (next) { show(next); at = Number(next.dataset.first); } else if (chunk) location.assign(chunk.href);
  };

  const whole = async (link) => {
    const cut = link.closest(".cut");
    link.setAttribute("aria-busy", "true");
    let address = link.href;
    const box = document.createElement("pre");
    box.className = "whole";
    box.tabIndex = 0;
    const more = document.createElement("button");
    more.type = "button";
    more.textContent = "more of it";
    const take = async () => {
      try {
        const page = await fetched(address);
        box.append(...page.getElementById("whole").childNodes);
        const next = page.querySelector('a[rel="next"]');
        more.hidden = !next;
        address = next?.href;
      } catch (error) { more.textContent = `cannot be had (${error.message})`; }
    };
    more.addEventListener("click", take);
    await take();
    cut.replaceChildren(box, more);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-whole]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      whole(link);
      return;
    }
    const step = event.target.closest("a[href*='#s']");
    if (step) at = Number(step.getAttribute("href").split("#s")[1]);
  });

  // What the reader has folded and unfolded, by place: the nearest element with an id, and which of its folds.
  const KEPT = `taskfit ${location.pathname}`;
  const MOST_FOLDS = 1000;
  const kept = (() => {
    try { return JSON.parse(sessionStorage.getItem(KEPT)) ?? {}; } catch { return {}; }
  })();
  const folds = new Map(Array.isArray(kept.folds) ? kept.folds : []);
  const place = (element, kind) => {
    const home = element.closest("[id]");
    return `${home?.id} ${[...(home ?? document).querySelectorAll(kind)].filter((each) => each.closest("[id]") === home).indexOf(element)}`;
  };
  const fold = (root) => {
    for (const each of root.querySelectorAll("details")) {
      const open = folds.get(place(each, "details"));
      if (open !== undefined && open !== each.open) each.open = open;
    }
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.tagName !== "DETAILS") return;
    const where = place(event.target, "details");
    if (folds.has(where) || folds.size < MOST_FOLDS) folds.set(where, event.target.open);
  }, true);
  // Where the page is scrolled to: the first element with an id that shows, and how far below the top it begins.
  const anchor = () => {
    const first = [...main.querySelectorAll("[id]")].find((each) => each.getBoundingClientRect().bottom > 60 && !each.querySelector("[id]"));
    return first && scrollY > 4 ? { id: first.id, top: first.getBoundingClientRect().top } : null;
  };
  const hold = (held) => {
    const now = held && document.getElementById(held.id);
    if (now) scrollBy({ top: now.getBoundingClientRect().top - held.top, behavior: "instant" });
  };
  addEventListener("pagehide", () => {
    try { sessionStorage.setItem(KEPT, JSON.stringify({ folds: [...folds], anchor: anchor(), step: here() })); } catch { }
  });

  // The next parts come when the end is near.
  let loading = false;
  const later = async () => {
    const link = document.getElementById("later");
    if (!link || loading) return;
    loading = true;
    try {
      const next = await fetched(link.href.split("#")[0]);
      const parts = next.querySelectorAll("#parts > .part");
      const following = next.getElementById("later");
      for (const each of parts) remember(each);
      link.parentElement.before(...parts);
      for (const each of parts) fold(each);
      if (following) link.href = following.href; else link.parentElement.remove();
    } finally {
      loading = false;
    }
    watch();
  };
  const seen = new IntersectionObserver((entries) => { if (entries.some((each) => each.isIntersecting)) later(); }, { rootMargin: "1200px" });
  const watch = () => {
    const link = document.getElementById("later");
    seen.disconnect();
    if (link) seen.observe(link);
  };
  watch();

  // A page of what still runs takes over what has changed since the server wrote it last; what the reader has done to it
  // stays: folds, whole outputs, focus, and where it is scrolled to.
  const written = new Map();
  const remember = (element) => { if (main.hasAttribute("data-live")) written.set(element.id, element.innerHTML); };
  const take = (old, now) => {
    if (!old || !now || written.get(old.id) === now.innerHTML) return;
    written.set(old.id, now.innerHTML);
    const wholes = new Map([...old.querySelectorAll(".whole")].map((each) => [place(each.closest(".cut"), ".cut"), [...each.closest(".cut").childNodes]]));
    const scrolled = [...old.querySelectorAll(".scroll, .whole")].filter((each) => each.scrollLeft || each.scrollTop);
    const places = scrolled.map((each) => [place(each, `.${each.classList[0]}`), each.classList[0], each.scrollLeft, each.scrollTop]);
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const focus = focused && { kind: focused.localName, href: focused.getAttribute("href"), where: place(focused, focused.localName) };
    const marked = [...old.querySelectorAll(".here")].map((each) => each.id);
    for (const name of ["data-first", "data-last", "aria-label"]) if (now.hasAttribute(name)) old.setAttribute(name, now.getAttribute(name));
    old.replaceChildren(...now.childNodes);
    const find = (where, kind) => [...old.querySelectorAll(kind)].find((each) => place(each, kind) === where);
    for (const [where, nodes] of wholes) find(where, ".cut")?.replaceChildren(...nodes);
    fold(old);
    for (const [where, kind, left, top] of places) find(where, `.${kind}`)?.scrollTo({ left, top, behavior: "instant" });
    for (const id of marked) document.getElementById(id)?.classList.add("here");
    const again = focus && (focus.href ? [...old.querySelectorAll("a")].find((each) => each.getAttribute("href") === focus.href) : find(focus.where, focus.kind));
    if (again?.matches("article, section")) again.tabIndex = -1;
    again?.focus({ preventScroll: true });
  };
  const follow = async () => {
    const began = performance.now();
    try {
      const now = await fetched(location.pathname + location.search);
      const parts = document.getElementById("parts");
      const held = anchor();
      if (parts) {
        take(document.getElementById("head"), now.getElementById("head"));
        for (const each of now.querySelectorAll("#parts > .part")) {
          const old = document.getElementById(each.id);
          if (old) take(old, each);
          else {
            remember(each);
            (document.getElementById("later")?.parentElement ?? parts.lastElementChild)?.after(each);
          }
        }
        hold(held);
      } else {
        take(document.getElementById("live") ?? main, now.getElementById("live") ?? now.getElementById("main"));
      }
      if (!now.getElementById("main").hasAttribute("data-live")) main.removeAttribute("data-live");
    } catch { }
    again(5 * (performance.now() - began));
  };
  // After as many seconds as the page says; a page that takes long is asked for less often.
  const again = (atLeast) => {
    if (main.hasAttribute("data-live")) setTimeout(follow, Math.max(atLeast, 1000 * (Number(main.dataset.live) || EVERY)));
  };
  for (const each of [document.getElementById("head"), document.getElementById("live") ?? main, ...document.querySelectorAll("#parts > .part")]) if (each) remember(each);
  again(0);

  // In a field of several lines: Ctrl and Enter sends its form, Esc gives the keys back to the page.
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches("textarea")) return;
    if (event.key === "Escape") event.target.blur();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) event.target.form?.requestSubmit();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target.closest("input:not([name=names]), textarea, select, [contenteditable]")) return;
    const key = event.key;
    const keyed = /^[yne]$/.test(key) ? document.querySelector(`[data-key="${key}"]`) : null;
    if (key === "?") help.showModal();
    else if (keyed) { if (!event.repeat) keyed.matches("textarea") ? keyed.focus() : keyed.click(); }
    else if (key in KEYS) jump(KEYS[key], true);
    else if (key.toLowerCase() in KEYS) jump(KEYS[key.toLowerCase()], false);
    else if (key === "j") turn(true);
    else if (key === "k") turn(false);
    else if (key === "g") { at = null; scrollTo({ top: 0, behavior: "instant" }); }
    else if (key === "G") jump("handed in, graded", true);
    else if (key === "l" && here() >= 0) location.assign(`${location.pathname}/steps/${here()}/labels`);
    else if (key === "/") location.assign("/search");
    else if (key === "r" && names.length) name(names[(names.findIndex((each) => each.checked) + 1) % names.length]);
    else if (key === "u" && main.dataset.up) location.assign(main.dataset.up);
    else if (key === "o") for (const link of document.querySelectorAll(".here a[data-whole]")) whole(link);
    else return;
    event.preventDefault();
  });
  const open = () => {
    const element = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!element) return;
    show(element);
    const step = /^s(\d+)$/.exec(element.id);
    if (step) at = Number(step[1]);
  };
  addEventListener("hashchange", open);
  fold(document);
  open();
  // Back at the step that was left: the page is where it was, too.
  if (kept.anchor && location.hash === `#s${kept.step}`) hold(kept.anchor);
  const keys = document.getElementById("keys");
  keys.addEventListener("click", () => help.showModal());
  keys.hidden = false;
})();
