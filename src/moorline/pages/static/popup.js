// At the end of a flow in a popup: tell the page that opened it, and nobody else, how it ended; then close. Without an
// opener (the popup was blocked, or the platform severed it) the way back to the application is taken.
(() => {
  "use strict";
  const { origin, attempt, status, account, error, back } = document.getElementById("ended").dataset;
  if (opener) {
    const ended = { source: "moorline", attemptId: attempt, status, accountId: account || null, error: error || null };
    opener.postMessage(ended, origin);
    close();
  }
  // Still here: nobody opened this window, or not as a popup.
  if (back) setTimeout(() => location.replace(back), opener ? 1000 : 0);
})();
