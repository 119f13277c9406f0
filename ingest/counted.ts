/** `1 line`, `2 lines`: `many` only where an s does not make it, or more than the noun changes. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`
