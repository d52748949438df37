// What makes pages quicker to use; none of them needs it. Attributes say what an element wants:
// data-copy="#id" copies that element's text; data-busy="Connecting…" on a form lets it be sent once;
// data-live on a search form asks while one types and swaps #results and #count; data-poll="3" with an id asks the
// page again every 3 s and swaps that element; data-reveal="#id" shows a password; data-select selects a field's text;
// data-more on a link brings the next rows of #results; data-late="60" writes data-told into its element after 60 s.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  const say = (text) => {
    const region = document.getElementById("said");
    if (region) region.textContent = text;
  };

  async function copy(button) {
    const target = document.querySelector(button.dataset.copy);
    const text = (target.value ?? target.textContent).trim();
    try {
      await navigator.clipboard.writeText(text);
    } catch { // no clipboard without https: select it, so that the keyboard can
      if (target.select) target.select();
      else getSelection().selectAllChildren(target);
      return;
    }
    button.dataset.label ??= button.textContent;
    button.textContent = button.dataset.copied ?? button.dataset.label;
    say(button.textContent);
    clearTimeout(button.timer);
    button.timer = setTimeout(() => { button.textContent = button.dataset.label; }, 4000);
  }

  function reveal(button) {
    const field = document.querySelector(button.dataset.reveal);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy],[data-reveal]");
    if (button) (button.dataset.copy ? copy : reveal)(button);
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-select]")) event.target.select();
  });

  // A form is sent once; its button tells that it is under way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("busy" in form.dataset)) return;
    if (form.busyButton) {
      event.preventDefault();
      return;
    }
    const button = event.submitter ?? form.querySelector("button");
    form.busyButton = button;
    button.setAttribute("aria-disabled", "true");
    if (form.dataset.busy && !button.classList.contains("plain")) {
      button.dataset.label = button.textContent;
      button.textContent = form.dataset.busy;
    }
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return; // gone back to as it was left
    for (const form of document.querySelectorAll("form[data-busy]")) {
      const button = form.busyButton;
      if (!button) continue;
      delete form.busyButton;
      button.removeAttribute("aria-disabled");
      if (button.dataset.label) button.textContent = button.dataset.label;
    }
  });

  async function ask(url, signal) {
    const answer = await fetch(url, { signal, redirect: "manual", headers: { accept: "text/html" } });
    if (answer.type === "opaqueredirect") return null;
    if (answer.status >= 500) throw new Error(`status ${answer.status}`);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  // Search while typing: the same request as the button's, its list swapped in, the chosen row kept on top.
  for (const form of document.querySelectorAll("form[data-live]")) {
    let timer, asking;
    const field = form.querySelector("input[type=search]");
    const run = async () => {
      asking?.abort();
      asking = new AbortController();
      const url = `${form.action.split("?")[0]}?${new URLSearchParams(new FormData(form))}`;
      try {
        const found = await ask(url, asking.signal);
        const results = document.getElementById("results"), fresh = found?.getElementById("results");
        if (!fresh) return location.assign(url);
        const chosen = results.querySelector("input:checked");
        const row = chosen?.closest(".row");
        results.replaceChildren(...fresh.childNodes);
        const again = chosen && [...results.querySelectorAll("input")].find((input) => input.value === chosen.value);
        if (again) again.checked = true;
        else if (row) (results.querySelector(".rows") ?? results).prepend(row);
        document.getElementById("count").textContent = found.getElementById("count").textContent;
        history.replaceState(null, "", url);
      } catch (error) {
        if (error.name !== "AbortError") form.submit();
      }
    };
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(run, 300);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && field.value) {
        event.preventDefault();
        field.value = "";
        run();
      }
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(timer);
      run();
    });
  }

  // The rows of the next part come below those that are there, so that what was chosen stays.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-more]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const found = await ask(link.href);
      const rows = document.querySelector("#results fieldset .rows");
      const fresh = [...found.querySelectorAll("#results fieldset .rows > *")];
      const group = [...rows.querySelectorAll("h2")].pop()?.textContent;
      if (fresh[0].matches("h2") && fresh[0].textContent === group) fresh.shift();
      const met = new Set([...rows.querySelectorAll("input")].map((input) => input.value));
      const added = fresh.filter((row) => !met.has(row.querySelector("input")?.value));
      rows.append(...added);
      const more = found.querySelector("a[data-more]");
      if (more) link.replaceWith(more);
      else link.remove();
      added.find((row) => row.matches(".row"))?.querySelector("input").focus();
    } catch {
      location.assign(link.href);
    }
  });

  // What is told after a while, once.
  for (const line of document.querySelectorAll("[data-late]")) {
    setTimeout(() => { line.textContent = line.dataset.told; }, Number(line.dataset.late) * 1000);
  }

  // Ask again every few seconds, not while nobody looks; a page that leads on is followed.
  function poll(region) {
    const again = async () => {
      if (document.hidden) return;
      let found;
      try {
        found = await ask(location.href);
      } catch {
        return; // no network: the next time
      }
      const fresh = found?.getElementById(region.id);
      if (!fresh) {
        clearInterval(timer);
        location.reload();
      } else {
        if (fresh.innerHTML !== region.innerHTML) region.innerHTML = fresh.innerHTML;
        if (!("poll" in fresh.dataset)) clearInterval(timer);
      }
    };
    const timer = setInterval(again, Number(region.dataset.poll) * 1000);
    document.addEventListener("visibilitychange", again);
  }
  for (const region of document.querySelectorAll("[data-poll]")) poll(region);
})();
