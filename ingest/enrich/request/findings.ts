/** What was found in a request: names by kind, in two strengths. Names only, never what was sent. */

export const KINDS = [
  'sql',
  'shell',
  'html',
  'code',
  'injection',
  'file',
  'address',
  'protocol',
  'session',
  'client',
] as const
export type Kind = (typeof KINDS)[number]

/** Enough for an alert by itself. */
export const SURE = 2
/** Adds to other evidence. */
export const HINT = 1
export type Strength = typeof SURE | typeof HINT
export type Add = (name: string, strength: Strength) => void

/** Where in a request something stands. */
export type Place = 'path' | 'query' | 'name' | 'referrer' | 'user_agent'

export class Findings {
  #fields: Map<string, Set<string>> | undefined
  /** The analysers look at no more of a request than the bounds in `bounds.ts`; what is left out is said. */
  truncated = false
  /** How much was told, the same again counted again: whoever remembers sees whether anything was. */
  told = 0

  /** Tells of one kind at one place. */
  adder(kind: Kind, place: Place): Add {
    return (name, strength) => {
      this.#put(strength === SURE ? `request.${kind}` : `request.${kind}_hint`, name)
      if (strength === SURE) this.#put('request.place', place === 'name' ? 'query' : place)
    }
  }
  #put(field: string, name: string): void {
    this.told++
    const names = this.#fields?.get(field)
    if (names) names.add(name)
    else (this.#fields ??= new Map()).set(field, new Set([name]))
  }
  /** Takes what was found elsewhere. */
  take(other: Findings): void {
    if (other.truncated) this.truncated = true
    if (other.#fields === undefined) return
    for (const [field, names] of other.#fields) for (const name of names) this.#put(field, name)
  }
  /** Of a field of `FIELDS`, sorted; absent where nothing was found. */
  get(field: string): readonly string[] | undefined {
    const names = this.#fields?.get(field)
    return names && [...names].sort()
  }
  /** Of most requests nothing is said. */
  get isEmpty(): boolean {
    return this.#fields === undefined && !this.truncated
  }
  /** All fields, for comparison. */
  all(): { readonly [field: string]: readonly string[] } {
    return Object.fromEntries([...(this.#fields?.keys() ?? [])].sort().map((field) => [field, this.get(field)!]))
  }
}
