// Everything here is an improvement of pages that work without it: theme, copying, live parts, charts.
"use strict";

const root = document.documentElement;
const stored = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
if (stored === "light" || stored === "dark") root.dataset.theme = stored;

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function setUpTheme() {
  const button = document.querySelector("[data-theme-switch]");
  const say = () => { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`); };
  button.hidden = false;
  say();
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* private windows refuse storage: the choice lasts for the page */ }
    say();
    drawn.forEach(draw);
  });
}

function setUpCopy() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(button.parentElement.querySelector("code"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = before; }, 1500);
  });
}

// Live parts: an element with data-live="<ms>" and an id is a named block of this page; it is fetched alone and replaced when it changed.
async function refresh(part) {
  const note = document.querySelector("[data-as-of]");
  const address = new URL(location.href);
  address.searchParams.set("part", part.id);
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const fresh = await answer.text();
    if (fresh !== part.last && !part.contains(document.activeElement)) {
      part.innerHTML = fresh;
      part.last = fresh;
    }
    note.classList.remove("stale");
    note.textContent = `as of ${answer.headers.get("x-as-of")}`;
  } catch {
    note.classList.add("stale");
    if (!note.textContent.startsWith("not refreshed")) note.textContent = `not refreshed since ${note.textContent.replace("as of ", "")}`;
  }
}

function setUpLive() {
  for (const part of document.querySelectorAll("[data-live]")) {
    setInterval(() => { if (!document.hidden) refresh(part); }, Number(part.dataset.live));
  }
}

// Charts: the library is fetched when the first chart comes into view, and expressions are interpreted, never compiled.
const drawn = new Set();
let library = null;

function loadLibrary(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
  return library;
}

function look() {
  const css = getComputedStyle(root);
  const probe = document.createElement("span");
  root.append(probe);
  const colour = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const role = {
    ink: colour("--ink"), quiet: colour("--quiet"), line: colour("--line"), bad: colour("--bad"), brass: colour("--brass"),
    c1: colour("--c1"), c2: colour("--c2"), c3: colour("--c3"), c4: colour("--c4"),
  };
  probe.remove();
  const font = css.getPropertyValue("--sans").trim();
  const config = {
    background: "transparent", font, view: { stroke: null },
    axis: { labelColor: role.quiet, titleColor: role.quiet, gridColor: role.line, domainColor: role.line, tickColor: role.line, labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal" },
    legend: { labelColor: role.ink, titleColor: role.quiet, labelFontSize: 11 },
    title: { color: role.ink, fontSize: 12, fontWeight: 600, anchor: "start" },
    text: { color: role.ink }, range: { category: [role.c1, role.c2, role.c3, role.c4] },
  };
  return { role, config };
}

// A colour in a spec is a role ("@c1"), so one spec serves both themes.
function coloured(value, role) {
  if (typeof value === "string" && value.startsWith("@") && value.slice(1) in role) return role[value.slice(1)];
  if (Array.isArray(value)) return value.map((item) => coloured(item, role));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, role)]));
  return value;
}

async function draw(figure) {
  drawn.add(figure);
  const target = figure.querySelector("[data-target]");
  try {
    await loadLibrary(figure.dataset.library);
    const { role, config } = look();
    const spec = coloured(JSON.parse(figure.querySelector("script").textContent), role);
    const width = Math.max(160, target.clientWidth - 76);
    for (const view of spec.vconcat ?? [spec]) {
      view.width = width;
      if (width < 560) view.layer = view.layer?.filter((layer) => layer.mark.type !== "text");
    }
    await window.vegaEmbed(target, spec, { ast: true, actions: false, defaultStyle: false, renderer: "svg", config, tooltip: { disableDefaultStyle: true } });
    target.querySelector("svg")?.setAttribute("aria-hidden", "true");
    figure.dataset.state = "drawn";
    figure.dataset.times = Number(figure.dataset.times ?? 0) + 1;
  } catch (error) {
    target.textContent = "The chart could not be drawn; the table below holds the same values.";
    figure.dataset.state = "failed";
    console.error(error);
  }
}

function setUpCharts() {
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "200px" });
  document.querySelectorAll("[data-chart]").forEach((figure) => watcher.observe(figure));
  let waiting = 0;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => drawn.forEach(draw), 200); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
}

addEventListener("DOMContentLoaded", () => { setUpTheme(); setUpCopy(); setUpLive(); setUpCharts(); });
