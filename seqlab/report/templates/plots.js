"use strict";
// Plots are plain data; colours are tokens that the style sheet's variables answer.
(() => {
  const root = document.documentElement;
  const fail = (message) => { root.dataset.error = message; };
  addEventListener("error", (event) => fail(event.message));
  addEventListener("unhandledrejection", (event) => fail(String(event.reason)));

  const figures = JSON.parse(document.getElementById("figures").textContent);
  const boxes = [...document.querySelectorAll(".plot")];
  const hidden = new Map(boxes.map((box) => [box, new Set()]));

  function colour(token) {
    const [name, opacity = "100"] = token.slice(1).split("/");
    const hex = getComputedStyle(root).getPropertyValue(`--${name}`).trim();
    const share = Math.round(2.55 * Number(opacity)).toString(16).padStart(2, "0");
    return hex + share;
  }

  // Only values under a colour's key are tokens: labels from data may begin with "@" as well.
  function painted(value, key = "") {
    if (Array.isArray(value)) return value.map((item) => painted(item, key));
    if (value !== null && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, painted(v, k)]));
    const token = /color$/i.test(key) && typeof value === "string" && value.startsWith("@");
    return token ? colour(value) : value;
  }

  const AXIS = {
    automargin: true, fixedrange: true, gridcolor: "@line", linecolor: "@line",
    tickcolor: "@line", zeroline: false, ticks: "outside", ticklen: 4,
    title: { standoff: 10, font: { size: 13, color: "@muted" } },
  };
  const LAYOUT = {
    paper_bgcolor: "@paper/0", plot_bgcolor: "@paper/0", showlegend: false, dragmode: false,
    margin: { l: 8, r: 16, t: 10, b: 8 }, hovermode: "closest",
    hoverlabel: { bgcolor: "@card", bordercolor: "@line", font: { color: "@ink" }, namelength: -1 },
    font: { size: 13, color: "@ink" },
  };

  const merged = (base, own) => {
    const all = { ...base };
    for (const [key, value] of Object.entries(own))
      all[key] = value !== null && typeof value === "object" && !Array.isArray(value)
        ? merged(base[key] ?? {}, value) : value;
    return all;
  };

  function draw(box, size) {
    const figure = figures[box.dataset.figure];
    const layout = merged({ ...LAYOUT, xaxis: AXIS, yaxis: AXIS }, figure.layout);
    layout.font.family = getComputedStyle(document.body).fontFamily;
    if (size) Object.assign(layout, size, { autosize: false });
    const off = hidden.get(box);
    const data = figure.data.map((trace) => ({ ...trace, visible: !off.has(trace.legendgroup) }));
    return Plotly.react(box, painted(data), painted(layout), {
      displayModeBar: false, responsive: !size, doubleClick: false, showTips: false,
    });
  }

  function switchable(box) {
    for (const button of box.closest("figure").querySelectorAll(".legend button"))
      button.addEventListener("click", () => {
        const off = hidden.get(box);
        const group = button.dataset.group;
        if (!off.delete(group)) off.add(group);
        button.setAttribute("aria-pressed", String(!off.has(group)));
        draw(box);
      });
  }

  // Paper is light and as wide as a sheet's text, whatever the screen; two plots share a line.
  function print(onPaper) {
    root.classList.toggle("on-paper", onPaper);
    for (const box of boxes) {
      const figure = box.closest("figure");
      const alone = !figure.nextElementSibling && !figure.previousElementSibling;
      const beside = figure.parentElement.className === "plots" && !alone;
      const size = beside ? { width: 320, height: 250 } : { width: 660 };
      draw(box, onPaper ? size : undefined);
    }
  }

  async function library() {
    const packed = atob(document.getElementById("plotly").textContent);
    const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  }

  // A click on a heading sorts by its column: numbers by what they begin with, the rest as words.
  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    const key = (row, place) => {
      const text = row.cells[place].textContent.trim().replaceAll(",", "").replace("−", "-");
      const number = parseFloat(text.replace(/^< /, ""));
      return Number.isNaN(number) ? text : number;
    };
    const order = (a, b) => (typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1);
    heads.forEach((head, place) => {
      head.tabIndex = 0;
      const sort = () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows].sort((a, b) => order(key(a, place), key(b, place)));
        table.tBodies[0].append(...(down ? rows.reverse() : rows));
      };
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
    });
  }

  function savable(box) {
    for (const button of box.closest("figure").querySelectorAll(".save"))
      button.addEventListener("click", () => Plotly.downloadImage(box, {
        format: button.dataset.format, filename: box.dataset.figure,
        width: box.clientWidth, height: box.clientHeight, scale: button.dataset.format === "png" ? 2 : 1,
      }));
  }

  async function start() {
    for (const table of document.querySelectorAll("table.sorts")) sortable(table);
    if (!boxes.length) return;
    await library();
    for (const box of boxes) {
      await draw(box);
      switchable(box);
      savable(box);
      root.dataset.drawn = String(1 + Number(root.dataset.drawn ?? 0));
      await new Promise((resume) => setTimeout(resume));
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => print(false));
    addEventListener("beforeprint", () => print(true));
    addEventListener("afterprint", () => print(false));
  }
  start().catch((error) => {
    fail(String(error));
    for (const box of boxes.filter((empty) => !empty.childElementCount))
      box.textContent = "This browser cannot draw the plot; a newer one can.";
  });
})();
