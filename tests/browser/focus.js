// Where the keyboard is: whether at the given element, and what is wrong with how that is shown (null: nothing).
(target) => {
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return { here: false, wrong: null };
  const shownOn = [at, at.closest("label"), ...(at.labels || [])].filter(Boolean);
  const called = (at.getAttribute("aria-label") || shownOn.at(-1).textContent || at.value || "").trim();
  const name = `<${at.localName}${at.id ? "#" + at.id : ""}> "${called.replace(/\s+/g, " ").slice(0, 40)}"`;

  const hasRing = (element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  };
  // In view with at least one of its corners or its middle, and nothing lies over that (WCAG 2.4.11).
  const canBeSeen = (element) => {
    const box = element.getBoundingClientRect();
    const inset = { x: Math.min(4, box.width / 3), y: Math.min(4, box.height / 3) };
    const columns = [box.left + inset.x, box.left + box.width / 2, box.right - inset.x];
    const rows = [box.top + inset.y, box.top + box.height / 2, box.bottom - inset.y];
    return columns.some((x) => rows.some((y) => {
      const top = document.elementFromPoint(x, y);
      return top && shownOn.some((one) => one.contains(top) || top.contains(one) && top !== document.body);
    }));
  };

  let wrong = null;
  if (!shownOn.some(hasRing)) wrong = `${name} has the focus and does not show it`;
  else if (!shownOn.some(canBeSeen)) wrong = `${name} has the focus and cannot be seen`;
  return { here: at === target, wrong, name };
}
