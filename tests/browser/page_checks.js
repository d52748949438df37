// What a rule set for accessibility does not look at, in the page itself; answers sentences, none when all is well.
async () => {
  const SMALLEST_TARGET_PX = 24;
  // A busy machine may paint a control before the rest of it has arrived; what is moved by a picture or a script that
  // came late moves more than this.
  const LARGEST_SHIFT = 0.005;
  const found = [];
  const root = document.documentElement;
  const visible = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && boxOf(element).width > 1;
  const boxOf = (element) => element.getBoundingClientRect();
  const name = (element) => {
    const text = (element.textContent || element.value || "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `<${element.localName}${element.id ? "#" + element.id : ""}> "${text}"`;
  };

  if (!root.lang) found.push("html has no lang");
  
  if (!document.title.trim()) found.push("there is no title");
  const headings = [...document.querySelectorAll("h1")].filter(visible);
  if (headings.length !== 1) found.push(`there are ${headings.length} h1 instead of one`);

  const sideways = (when) => {
    if (root.scrollWidth <= window.innerWidth) return;
    const wide = [...document.body.querySelectorAll("*")].filter((one) => {
      const box = boxOf(one);
      return visible(one) && (box.right > window.innerWidth + 0.5 || box.left < -0.5);
    });
    const where = wide.slice(0, 3).map(name).join(", ");
    found.push(`scrolls sideways${when}: ${root.scrollWidth} px in ${window.innerWidth} px, at ${where}`);
  };
  sideways("");

  // A control and what is pressed for it: its labels too.
  const targets = document.querySelectorAll(
    "a[href], button, summary, select, textarea, input:not([type=hidden]), [role=button], [role=link], [role=tab]");
  for (const target of targets) {
    if (!visible(target) || target.disabled) continue;
    const boxes = [target, ...(target.labels || [])].map(boxOf);
    const width = Math.max(...boxes.map((box) => box.right)) - Math.min(...boxes.map((box) => box.left));
    const style = getComputedStyle(target), isInline = style.display === "inline";
    // WCAG 2.5.8 leaves out a link within a sentence; one alone in its line has the line's height to itself.
    if (isInline && [...target.parentElement.childNodes].some((node) => node !== target && node.textContent.trim())) continue;
    const line = isInline ? parseFloat(style.lineHeight) || 0 : 0;
    const height = Math.max(line, Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top)));
    if (Math.min(width, height) < SMALLEST_TARGET_PX - 0.5)
      found.push(`a target of ${Math.round(width)} x ${Math.round(height)} px: ${name(target)}`);
  }

  const shifts = await new Promise((answer) => {
    const seen = [];
    const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()));
    observer.observe({ type: "layout-shift", buffered: true });
    setTimeout(() => answer([...seen, ...observer.takeRecords()].filter((one) => !one.hadRecentInput)), 50);
  });
  const moved = shifts.reduce((sum, one) => sum + one.value, 0);
  if (moved > LARGEST_SHIFT) {
    const at = (box) => `${Math.round(box.x)},${Math.round(box.y)} ${Math.round(box.width)}x${Math.round(box.height)}`;
    const told = shifts.flatMap((one) => one.sources.map((source) => {
      const node = source.node?.localName ? name(source.node) : "text";
      return `${node} from ${at(source.previousRect)} to ${at(source.currentRect)} after ${Math.round(one.startTime)} ms`;
    }));
    found.push(`the layout shifted by ${moved.toFixed(4)}: ${told.slice(0, 3).join("; ")}`);
  }

  // WCAG 1.4.12: who needs more space between letters, words and lines sets it, and loses nothing.
  const spaced = new CSSStyleSheet();
  spaced.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }"
    + "p { margin-block-end: 2em !important }");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, spaced];
  sideways(" when spaced out");
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== spaced);
  return found;
}
