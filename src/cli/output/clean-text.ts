// Control characters that move cursors, and marks that turn the direction of writing: both can make a line look like another.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const colour = /\u001b\[[0-9;:]*m/g;

/** A text in which nothing can move a terminal's cursor, set its title or its clipboard; line ends and tabs stay. */
export function cleanText(text: string): string {
  return text.replace(controls, showControl);
}

/** A text in which colours keep their effect and all else is as in `cleanText`. */
export function cleanExceptColours(text: string): string {
  let cleaned = "";
  let from = 0;
  for (const match of text.matchAll(colour)) {
    cleaned += cleanText(text.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return cleaned + cleanText(text.slice(from));
}

function showControl(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : `<${code.toString(16)}>`;
}
