/** What goes its own pace beside the live lane: slices of owed events (`owed.ts`) become alerts, one slice after the other. */
import type { Store } from '../ingest/store/store.ts'
import type { Cases } from './case/decide.ts'
import type { Exceptions } from './exceptions.ts'
import { LIVE, type Reach } from './lane.ts'
import { mergeGroups } from './many.ts'
import { correlated } from './matching.ts'
import type { Terms } from './new-terms.ts'
import type { Owed, Slice } from './owed.ts'
import type { Passes } from './pass.ts'
import type { Rule } from './rule.ts'

export interface Behind {
  /** Ends what a run before has begun to write: before the live lane moves on. */
  mend(rules: readonly Rule[]): Promise<void>
  /** Writes what is judged. Rejects with what is no rule's fault. */
  go(rules: readonly Rule[], committed: number, stopped: () => boolean, patience: number): Promise<void>
}

export const openBehind = (
  store: Store,
  cases: Cases,
  passes: Passes,
  owed: Owed,
  exceptions: () => Exceptions,
  /** How far a rule has gone over the live lane; undefined while it has something of it to write. */
  coveredOf: (rule: Rule) => Promise<number | undefined>,
  terms: Terms,
): Behind => {
  /** False where a rule is still writing: what one lane counts, the other has to know of. */
  const write = async (rules: readonly Rule[], slice: Slice): Promise<boolean> => {
    const { lane, from, to } = slice
    const concerned: { readonly rule: Rule; readonly covered: number }[] = []
    for (const rule of rules) {
      // What is decided later finds the late hits by itself.
      if (slice.of(rule).size === 0 || rule.lateness !== undefined) continue
      const covered = await coveredOf(rule)
      if (covered === undefined) return false
      concerned.push({ rule, covered })
    }
    await owed.begin(slice)
    const before = await owed.reach()
    for (const { rule, covered } of concerned) {
      const found = await terms.only(rule, slice.of(rule))
      const reach: Reach = { ...before, [LIVE]: covered, [lane]: to }
      const groups = rule.correlation ? await correlated(store, passes, rule, { lane, from, reach }, found) : found
      const merging = { store, cases, exceptions: exceptions(), lane, reach, lost: [], oldest: 0, damaged: false }
      for await (const _ of mergeGroups(merging, rule, groups, to));
    }
    await owed.done(slice)
    return true
  }
  return {
    mend: async (rules) => {
      const broken = await owed.broken(rules)
      if (broken) await write(rules, broken)
    },
    go: async (rules, committed, stopped, patience) => {
      const began = performance.now()
      for (;;) {
        if (stopped()) return
        let written = 0
        for (const slice of await owed.ready(rules, committed)) {
          if (stopped()) return
          if (await write(rules, slice)) written++
        }
        if (Number.isFinite(patience)) {
          if (written === 0 || performance.now() - began > patience) return
          continue
        }
        if (written === 0 && owed.waiting() === 0) return
        await owed.settle()
      }
    },
  }
}
