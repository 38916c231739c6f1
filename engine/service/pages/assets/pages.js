// What makes the pages handier; each of them can be read and sent without it. Texts become text nodes, never HTML.
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Pickers show what was picked at once.
for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// What grows to the right begins with what is newest.
for (const wide of document.querySelectorAll("[data-end]")) {
  wide.scrollLeft = wide.scrollWidth;
}

function edit(form) {
  const code = $("#code"), params = $("#params"), gutter = $(".gutter", form), paint = $(".paint", form);
  const found = $("#found"), list = $(".list-of-problems");
  for (const one of document.querySelectorAll("[data-scripted]")) one.hidden = false;
  form.classList.add("scripted");

  // --- The editor: line numbers with marks, colours behind a text area that is see-through.

  let marks = new Map();
  for (const item of list.children) {
    if (item.dataset.line) marks.set(Number(item.dataset.line), item.className);
  }

  function draw() {
    const lines = code.value.split("\n").length;
    gutter.replaceChildren(
      ...Array.from({ length: Math.min(lines, 10000) }, (_, place) => {
        const kind = marks.get(place + 1);
        return element("span", { className: kind || "" }, `${kind === "bad" ? "! " : kind ? "? " : ""}${place + 1}`);
      }),
    );
    paint.replaceChildren(...coloured(code.value), "\n");
    scroll();
  }

  function scroll() {
    gutter.scrollTop = paint.scrollTop = code.scrollTop;
    paint.scrollLeft = code.scrollLeft;
  }

  let leaves = false;
  code.addEventListener("scroll", scroll);
  code.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      leaves = true;
    } else if (event.key === "Tab" && !event.shiftKey && !leaves) {
      event.preventDefault();
      write("    ");
    } else if (event.key === "Enter" && !event.isComposing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const line = code.value.slice(0, code.selectionStart).split("\n").pop();
      write("\n" + /^\s*/.exec(line)[0] + (/:\s*(#.*)?$/.test(line) ? "    " : ""));
    } else if (event.key !== "Shift") {
      leaves = false;
    }
  });
  code.addEventListener("blur", () => { leaves = false; });

  function write(text) {
    // Deprecated, and the one way to write that can be undone.
    if (!document.execCommand("insertText", false, text)) {
      code.setRangeText(text, code.selectionStart, code.selectionEnd, "end");
      code.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function go(line) {
    const start = code.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const end = code.value.indexOf("\n", start);
    code.focus();
    code.setSelectionRange(start, end < 0 ? code.value.length : end);
    code.scrollTop = Math.max(0, (line - 5) * parseFloat(getComputedStyle(code).lineHeight));
  }

  list.addEventListener("click", (event) => {
    const item = event.target.closest("a") && event.target.closest("li");
    if (item) {
      event.preventDefault();
      go(Number(item.dataset.line));
    }
  });

  // --- Checking, a moment after the last key.

  let timer = 0, asking = null;
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(check, 350);
  }

  async function check() {
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await ask(form.dataset.check, asking.signal);
      show((await answer.json()).problems);
    } catch (error) {
      if (error.name !== "AbortError") tell(found, "bad", `It could not be checked: ${error.message}`);
    }
  }

  async function ask(path, signal, more = {}) {
    const answer = await fetch(path, {
      method: "POST",
      signal,
      headers: { "Content-Type": "application/json", "X-Form-Token": document.body.dataset.formToken },
      body: JSON.stringify({ code: code.value, params: params.value, ...more }),
    });
    if (!answer.ok) {
      const told = (await answer.json().catch(() => null))?.error;
      throw new Error(told ? [told.message, told.hint].filter(Boolean).join("; ") : `status ${answer.status}`);
    }
    return answer;
  }

  function show(problems) {
    const errors = problems.filter((one) => one.severity === "error").length;
    const warnings = problems.length - errors;
    const said = [errors && plural(errors, "error"), warnings && plural(warnings, "warning")].filter(Boolean);
    tell(found, errors ? "bad" : warnings ? "quiet" : "fine", said.join(", ") || "no problem was found");
    list.replaceChildren(...problems.map(describe));
    mark(problems);
  }

  function mark(problems) {
    marks = new Map();
    for (const one of problems) {
      if (one.line && marks.get(one.line) !== "bad") marks.set(one.line, one.severity === "error" ? "bad" : "quiet");
    }
    draw();
  }

  function describe(one) {
    const item = element("li", { className: one.severity === "error" ? "bad" : "quiet" });
    item.dataset.line = one.line || "";
    item.append(element("span", { className: "kind" }, one.severity), " ");
    if (one.line) item.append(element("a", { href: "#code" }, `line ${one.line}`), " ");
    item.append(`${one.message} `);
    if (one.hint) item.append(element("span", { className: "soft" }, one.hint), " ");
    item.append(element("code", { className: "soft" }, one.code));
    return item;
  }

  code.addEventListener("input", () => { draw(); soon(); });
  params.addEventListener("input", soon);
  draw();
  check();

  // --- Trying: the answer comes line by line, and leaving it cancels it.

  const begin = $(".begin", form), cancel = $(".cancel", form), bar = $("progress", form);
  const tried = $(".tried"), outcome = $(".outcome");
  let trying = null;
  begin?.addEventListener("click", attempt);
  cancel?.addEventListener("click", () => trying?.abort());

  async function attempt() {
    trying = new AbortController();
    busy(true);
    try {
      const answer = await ask(form.dataset.try, trying.signal, { data: $("#data").value });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let kept = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) throw new Error("the service ended");
        const lines = (kept + value).split("\n");
        kept = lines.pop();
        for (const line of lines) {
          const told = JSON.parse(line);
          bar.value = told.progress;
          if (told.status !== "pending") return report(told);
        }
      }
    } catch (error) {
      const cancelled = error.name === "AbortError";
      outcome.replaceChildren(message(cancelled ? "quiet" : "bad", cancelled ? "It was cancelled." : error.message));
    } finally {
      busy(false);
    }
  }

  function busy(on) {
    tried.hidden = false;
    begin.disabled = on;
    cancel.hidden = bar.hidden = !on;
    if (on) {
      bar.value = 0;
      outcome.replaceChildren(message("soft", "It is tried …"));
    }
  }

  function report(answer) {
    const numbers = [...Object.values(answer.named), ...(answer.result ? [answer.result] : []), ...answer.segments];
    const good = answer.status === "success";
    const parts = [message(good ? "fine" : "bad", good ? "It works on this data." : "It does not work on this data.")];
    if (answer.error) {
      const place = answer.error.line ? `line ${answer.error.line}: ` : "";
      parts.push(message("bad", place + answer.error.message, answer.error.hint));
      if (answer.error.line) mark([{ line: answer.error.line, severity: "error" }]);
    }
    if (answer.problems.length) show(answer.problems);
    for (const one of answer.warnings) parts.push(message("quiet", one.message, one.hint));
    if (numbers.length) parts.push(table(numbers));
    if (answer.printed) parts.push(element("h3", {}, "Printed"), element("pre", {}, answer.printed));
    outcome.replaceChildren(...parts);
  }

  function table(numbers) {
    const named = numbers.some((one) => one.name);
    const row = (one) => element("tr", {},
      element("th", { scope: "row" }, named_of(one.segment)),
      ...(named ? [element("td", {}, one.name || "")] : []),
      element("td", { className: "n" }, one.value === null ? "" : shown(one.value)),
      element("td", { className: one.status === "ok" ? "" : ["nan", "no_data", "missing"].includes(one.status) ? "quiet" : "bad" }, one.status),
      element("td", { className: "n" }, one.rows === null ? "" : one.rows.toLocaleString("en")));
    const heads = ["segment", ...(named ? ["number"] : []), "value", "status", "rows"];
    const head = element("tr", {}, ...heads.map((text) =>
      element("th", { scope: "col", className: text === "value" || text === "rows" ? "n" : "" }, text)));
    const body = element("tbody", {}, ...numbers.slice(0, 200).map(row));
    const made = element("div", { className: "scroll boxed tall", tabIndex: 0 },
      element("table", { className: "list" }, element("thead", {}, head), body));
    made.setAttribute("role", "region");
    made.setAttribute("aria-label", "Results");
    return made;
  }
}

function message(kind, text, hint = "") {
  const sign = { bad: "! ", quiet: "? ", fine: "✓ " }[kind] || "";
  return element("p", {}, element("span", { className: kind }, sign + text), hint ? ": " : "", element("span", { className: "soft" }, hint));
}

function tell(place, kind, text) {
  place.replaceChildren(...message(kind, text).childNodes);
}

function named_of(segment) {
  if (!segment) return "all data";
  const group = [segment.group].flat().join(" x "), value = shown(segment.value);
  return group === value ? group : `${group} = ${value}`;
}

function plural(count, what) {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function shown(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(10))) : Array.isArray(value) ? value.map(shown).join(", ") : String(value);
}

// Python, as far as colours go.
const TOKENS = new RegExp(
  [
    String.raw`(?<comment>#.*)`,
    String.raw`(?<text>[rbfuRBFU]{0,2}(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))`,
    String.raw`(?<=\b(?:def|class)\s)(?<defined>\w+)`,
    String.raw`\b(?<word>False|None|True|and|as|assert|break|class|continue|def|del|elif|else|except|finally|for|from|if|import|in|is|lambda|not|or|pass|raise|return|try|while|with|yield)\b`,
    String.raw`\b(?<number>\d[\w.]*)`,
  ].join("|"),
  "g",
);

function* coloured(text) {
  let end = 0;
  if (text.length < 60000) {
    for (const match of text.matchAll(TOKENS)) {
      const [kind, token] = Object.entries(match.groups).find(([, value]) => value !== undefined);
      if (match.index > end) yield text.slice(end, match.index);
      yield element("span", { className: kind }, token);
      end = match.index + match[0].length;
    }
  }
  yield text.slice(end);
}

const author = $("form.author");
if (author) edit(author);
