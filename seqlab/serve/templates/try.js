"use strict";
const about = JSON.parse(document.getElementById("about").textContent);
const byId = (id) => document.getElementById(id);
const answer = byId("answer"), form = byId("form");

// Everything is put into the page as text: what a model or a file says is never HTML.
function element(name, content = "", attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...[].concat(content));
  return made;
}

const split = (line) => line.split(/[,;\t]/).map((cell) => cell.trim());
const number = (cell) => (cell === "" || cell === "null" ? null : Number(cell));
const lines = (text) => text.split(/\r?\n/).filter((line) => line.trim() !== "");

function matrix(text) {
  const rows = lines(text).map((line) => split(line).map(number));
  if (rows.some((row) => row.some(Number.isNaN))) throw new Error("expected numbers, a line a step");
  return rows;
}

const KINDS = {  // how each kind of field is shown, and read again
  text: { write: (value) => value ?? "", read: (text) => text },
  tokens: { write: (value) => (value ?? []).join(" "), read: (text) => text },
  series: {
    numbers: true, note: "a line a step, its numbers divided by commas",
    write: (value) => (value ?? []).map((step) => [].concat(step).map((v) => v ?? "").join(", ")).join("\n"),
    read(text) {
      const rows = matrix(text);
      return rows.every((row) => row.length === 1) ? rows.flat() : rows;
    },
  },
  image: {
    numbers: true, note: "a line a row of pixels, divided by commas; or JSON",
    write: (value) => Array.isArray(value?.[0]?.[0]) ? JSON.stringify(value) : (value ?? []).map((row) => row.join(", ")).join("\n"),
    read: (text) => (text.trim().startsWith("[") ? JSON.parse(text) : matrix(text)),
  },
  history: {
    numbers: true, note: "CSV with the columns of the training data, oldest first",
    write(value) {
      const names = Object.keys(value?.[0] ?? {});
      return [names, ...(value ?? []).map((moment) => names.map((name) => moment[name] ?? ""))].map((row) => row.join(",")).join("\n");
    },
    read(text) {
      const [names, ...rows] = lines(text).map(split);
      return rows.map((row) => Object.fromEntries(names.map((name, place) => {
        const cell = row[place] ?? "";
        return [name, cell === "" ? null : Number.isNaN(Number(cell)) ? cell : Number(cell)];
      })));
    },
  },
};

for (const field of about.fields) {
  const kind = KINDS[field.kind];
  const label = element("label", [field.name + " "], { for: "field-" + field.name });
  if (kind.note) label.append(element("span", "– " + kind.note, { class: "muted" }));
  const area = element("textarea", "", { id: "field-" + field.name, spellcheck: "false" });
  if (kind.numbers) area.className = "numbers";
  area.value = kind.write(about.example?.[field.name]);
  byId("fields").append(label, area);
}
byId("columns").textContent = `It needs the columns: ${about.columns.join(", ")}. The predictions come as a CSV file.`;
const writes = about.stream && about.task === "language";
byId("sampling").hidden = !writes;
if (writes) byId("go").textContent = "Write on";
const explains = about.fields.length === 1 && about.fields[0].kind === "text" && about.labels;
byId("why").hidden = !explains;

function asked() {
  return Object.fromEntries(about.fields.map((field) => {
    const name = field.kind === "tokens" ? "text" : field.name;
    return [name, KINDS[field.kind].read(byId("field-" + field.name).value)];
  }));
}

async function send(path, body, type = "application/json", signal = undefined) {
  const headers = { "Content-Type": type };
  if (byId("key").value) headers["X-API-Key"] = byId("key").value;
  const response = await fetch(path, { method: "POST", headers, body, signal });
  if (response.ok) return response;
  if (response.status === 401) { byId("key-box").hidden = false; byId("key").focus(); }
  const told = await response.json().catch(() => ({ error: response.statusText }));
  throw new Error(told.error ?? response.statusText);
}

async function predict(rows) {
  const started = performance.now();
  const told = await (await send("predict", JSON.stringify({ rows }))).json();
  const whole = performance.now() - started;
  byId("time").textContent = `${told.milliseconds.toFixed(1)} ms in the model and its queue, ${whole.toFixed(1)} ms with the way there and back`;
  return told.answers;
}

function bars(shares, most = 12) {
  const box = element("div", "", { class: "bars" });
  const sorted = Object.entries(shares).sort((a, b) => b[1] - a[1]);
  for (const [name, share] of sorted.slice(0, most)) {
    const filled = element("i");
    filled.style.width = `${100 * share}%`;
    box.append(element("span", name), element("span", filled, { class: "bar", "aria-hidden": "true" }), element("span", (100 * share).toFixed(1) + " %", { class: "number" }));
  }
  if (sorted.length > most) box.append(element("span", `and ${sorted.length - most} more`, { class: "muted" }));
  return box;
}

function table(records) {
  const names = Object.keys(records[0] ?? {});
  const shown = (value) => (typeof value === "number" ? +value.toPrecision(6) : value ?? "").toString();
  const head = element("tr", names.map((name) => element("th", name, { scope: "col" })));
  const rows = records.map((record) => element("tr", names.map((name) => element("td", shown(record[name])))));
  return element("div", element("table", [head, ...rows]), { class: "scroll", tabindex: "0", role: "region", "aria-label": "predictions" });
}

function marked(text, marks) {
  const box = element("p", "", { class: "text" });
  let at = 0;
  for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
    box.append(text.slice(at, mark.start));
    const own = element("mark", text.slice(mark.start, mark.end));
    if (mark.label) own.append(element("small", mark.label));
    box.append(own);
    at = mark.end;
  }
  box.append(text.slice(at));
  return box;
}

function curve(past, next) {
  const all = [...past, ...next].filter((value) => value !== null);
  if (all.length < 2) return "";
  const low = Math.min(...all), high = Math.max(...all), span = high - low || 1;
  const x = (place) => (600 * place) / (past.length + next.length - 1);
  const y = (value) => 150 - (140 * (value - low)) / span - 5;
  const path = (values, start) => values.map((value, place) => value === null ? "" : `${place && values[place - 1] !== null ? "L" : "M"}${x(start + place).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 600 150");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${past.length} steps of the past, ${next.length} forecast, from ${low} to ${high}`);
  const joined = past.length && past.at(-1) !== null ? [past.at(-1), ...next] : next;
  for (const [values, start, name] of [[past, 0, "past"], [joined, past.length - (joined.length - next.length), "next"]]) {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", path(values, start));
    line.setAttribute("class", name);
    svg.append(line);
  }
  return svg;
}

function show(told, row) {
  const said = (text) => element("p", text, { class: "answer" });
  if ("label" in told) return [said(told.label), bars(told.probabilities)];
  if ("labels" in told) return [said(told.labels.join(", ") || "none of the labels"), bars(told.probabilities)];
  if ("values" in told) return [said(Object.entries(told.values).map(([name, value]) => `${name}: ${+value.toPrecision(6)}`).join("\n"))];
  if ("tags" in told) {
    const marks = told.marks.length ? told.marks : told.tags.map((label, place) => ({ label, first: place, start: told.offsets?.[place][0], end: told.offsets?.[place][1] }));
    const steps = told.tags.map((tag, place) => ({ position: place + 1, token: told.tokens?.[place], tag, probability: told.probabilities[place] }));
    if (!told.tokens) steps.forEach((step) => delete step.token);
    return row.text === undefined ? [table(steps)] : [marked(row.text, marks), table(steps)];
  }
  if ("answer" in told) return [said(told.answer || "no answer"), marked(row.context, [{ start: told.start, end: told.end, label: `${(100 * told.probability).toFixed(1)} %` }])];
  if ("forecast" in told) {
    const target = about.targets[0];
    const past = row.history.map((moment) => moment[target] ?? null);
    const one = new Set(told.forecast.map((moment) => moment.unique_id)).size === 1;
    return [one && target ? curve(past, told.forecast.map((moment) => moment[target])) : "", table(told.forecast)];
  }
  if ("text" in told) return [said(told.text)];
  return [table([told])];
}

const put = (content) => { byId("result").hidden = false; answer.replaceChildren(...content); };
const fail = (error) => { byId("time").textContent = ""; put([element("p", error.message, { class: "error" })]); };

async function busy(work) {
  byId("go").disabled = byId("why").disabled = true;
  try { await work(); } catch (error) { fail(error); }
  byId("go").disabled = byId("why").disabled = false;
}

async function write(row) {
  const stopper = new AbortController();
  byId("stop").hidden = false;
  byId("stop").onclick = () => stopper.abort();
  const told = element("p", "", { class: "answer" });
  const body = { ...row };
  if (writes) for (const name of ["max_tokens", "temperature", "seed"]) body[name] = Number(form.elements[name].value);
  const started = performance.now();
  let first = 0;
  try {
    const response = await send("stream", JSON.stringify(body), "application/json", stopper.signal);
    put([told]);
    if (writes) told.append(element("span", row.text, { class: "muted" }));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = "", part; !(part = await reader.read()).done;) {
      const events = (rest + part.value).split("\n\n");
      rest = events.pop();
      for (const event of events.filter((one) => one.startsWith("data: "))) {
        const data = JSON.parse(event.slice(6));
        if (data.error) throw new Error(data.error);
        first ||= performance.now() - started;
        told.append(data.text ?? "");
      }
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  } finally {
    byId("stop").hidden = true;
  }
  byId("time").textContent = `first piece after ${first.toFixed(1)} ms, all after ${(performance.now() - started).toFixed(0)} ms`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  busy(async () => {
    const row = asked();
    if (about.stream) return write(row);
    const [told] = await predict([row]);
    put(show(told, row));
  });
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
});

// What a word contributes: how much less probable the answer is without it.
byId("why").addEventListener("click", () => busy(async () => {
  const field = about.fields[0].name, text = asked()[field];
  const places = [...text.matchAll(/\S+/g)].slice(0, about.rows - 1);
  const without = places.map((word) => ({ [field]: text.slice(0, word.index) + text.slice(word.index + word[0].length) }));
  const [whole, ...others] = await predict([{ [field]: text }, ...without]);
  const label = whole.label ?? Object.entries(whole.probabilities).sort((a, b) => b[1] - a[1])[0][0];
  const drops = others.map((other) => whole.probabilities[label] - other.probabilities[label]);
  const most = Math.max(1e-9, ...drops.map(Math.abs));
  const box = element("p", "", { class: "text" });
  places.forEach((word, place) => {
    const share = drops[place] / most;
    const own = element("span", word[0], { title: `without it: ${(-100 * drops[place]).toFixed(1)} points` });
    own.style.boxShadow = `inset 0 -${(Math.abs(share) * 0.9).toFixed(2)}em color-mix(in srgb, var(${share > 0 ? "--accent" : "--poor"}) 35%, transparent)`;
    box.append(own, " ");
  });
  put([...show(whole, { [field]: text }), box, element("p", `Blue: “${label}” is less probable without the word; red: more. The largest change is ${(100 * most).toFixed(1)} points.`, { class: "muted" })]);
}));

let address = "";
byId("upload").addEventListener("click", async () => {
  const file = byId("file").files[0], told = byId("file-told");
  byId("download").hidden = true;
  if (!file) { told.textContent = "Choose a CSV file first."; byId("file").focus(); return; }
  told.textContent = "Predicting …";
  try {
    const response = await send("predict/file", file, "text/csv");
    const content = await response.blob();
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(content);
    byId("download").href = address;
    byId("download").download = file.name.replace(/\.\w+$/, "") + "-predictions.csv";
    byId("download").hidden = false;
    told.textContent = `${response.headers.get("X-Rows")} rows predicted.`;
  } catch (error) {
    told.textContent = error.message;
  }
});
document.documentElement.dataset.ready = "1";
