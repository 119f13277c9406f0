/** Small pieces of KQL that a click makes. What a person types is left as it is. */
export const quote = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

export const clause = (field: string, value: string | number | boolean): string =>
  typeof value === 'string' ? `${field} : ${quote(value)}` : `${field} : ${value}`

export const and = (query: string, added: string): string => {
  const left = query.trim()
  if (!left) return added
  if (left.includes(added)) return left
  return `${/\sor\s/i.test(left) && !/^\(.*\)$/.test(left) ? `(${left})` : left} and ${added}`
}
export const not = (added: string): string => `not ${added}`
