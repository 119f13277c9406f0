/** What the numbers of an agency's incidents begin with: `SYT` in `SYT-2026-014`. */
import type { Inventory } from './schema.ts'

export interface Codes {
  /** Of an agency, or of the province for what belongs to none. An id that is not in the inventory has one too. */
  of(organization: string | undefined): string
  /** Agencies whose code is made from their id, for the inventory gives none. */
  readonly made: readonly { readonly id: string; readonly code: string }[]
}

const fromId = (id: string): string => {
  const plain = id.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  return /^[A-Z]/.test(plain) ? plain : `X${plain}`
}

const known = new WeakMap<Inventory, Codes>()
export const codesOf = (inventory: Inventory): Codes => {
  let codes = known.get(inventory)
  if (!codes) known.set(inventory, (codes = make(inventory)))
  return codes
}

const make = ({ province, agencies }: Inventory): Codes => {
  const taken = new Set(agencies.flatMap(({ code }) => code ?? []))
  const free = (id: string): string => {
    const base = fromId(id)
    let code = base
    for (let n = 2; taken.has(code); n++) code = `${base}${n}`
    taken.add(code)
    return code
  }
  if (province.code !== undefined) taken.add(province.code)
  const own = province.code ?? free(province.id)
  const byId = new Map<string, string>()
  const made: { id: string; code: string }[] = []
  for (const { id, code } of agencies) {
    byId.set(id, code ?? free(id))
    if (code === undefined) made.push({ id, code: byId.get(id)! })
  }
  return {
    of: (organization) => (organization === undefined ? own : (byId.get(organization) ?? fromId(organization))),
    made,
  }
}
