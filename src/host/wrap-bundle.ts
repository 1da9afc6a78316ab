/** A CommonJS bundle's text as the function that Node would make of it. */
export const wrapBundle = (text: string): string =>
  `(function(exports,require,module,__filename,__dirname){${text}\n})`;
