// Moorline's connect flow in a popup of your page. See docs/howto/embed.md.
//   Moorline.connect(started)  `started`: what the start call answered ({authUrl, attemptId, statusUrl}), or a function
//   that fetches it. Call it in a click. Resolves to {attemptId, status, accountId, error} once the attempt is over: a
//   popup that was closed cannot be told from one that its platform severed, so that is when its time runs out.
(() => {
  "use strict";
  const home = new URL(document.currentScript.src).origin;
  const EVERY_MS = 2000, LONGEST_MS = 3600000;

  function openPopup() {
    const width = Math.min(640, screen.availWidth), height = Math.min(800, screen.availHeight);
    const left = Math.round(screenX + (outerWidth - width) / 2), top = Math.round(screenY + (outerHeight - height) / 2);
    return open("", "_blank", `popup,width=${width},height=${height},left=${left},top=${top}`);
  }

  const isOver = (told) => told.status === "connected" || told.status === "failed";
  const outcome = ({ attemptId, status, accountId = null, error = null }) => ({ attemptId, status, accountId, error });

  async function connect(started) {
    const popup = openPopup(); // before anything is waited for, or browsers block it
    let begun;
    try {
      begun = await (typeof started === "function" ? started() : started);
    } catch (error) {
      popup?.close();
      throw error;
    }
    if (!popup) {
      location.assign(begun.authUrl);
      return new Promise(() => {}); // this page is being left
    }
    popup.location.replace(begun.authUrl);
    return await told(begun, popup);
  }

  function told({ attemptId, statusUrl }, popup) {
    return new Promise((resolve) => {
      const until = Date.now() + LONGEST_MS;
      const end = (result) => {
        removeEventListener("message", hear);
        clearInterval(timer);
        if (!popup.closed) popup.close();
        resolve(outcome(result));
      };
      const hear = ({ origin, data }) => {
        if (origin === home && data?.source === "moorline" && data.attemptId === attemptId && isOver(data)) end(data);
      };
      // A platform may sever popup and page: then nothing is heard, and `closed` says nothing. So it is asked for, too.
      const ask = async () => {
        let now = { attemptId, status: "started" };
        try {
          now = await (await fetch(statusUrl, { credentials: "omit", cache: "no-store" })).json();
        } catch { /* no network: the next time */ }
        if (isOver(now)) end(now);
        else if (Date.now() > until) end({ attemptId, status: "failed", error: "session_expired" });
      };
      const timer = setInterval(ask, EVERY_MS);
      addEventListener("message", hear);
    });
  }

  globalThis.Moorline = Object.freeze({ connect });
})();
