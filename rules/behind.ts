/** What goes its own pace beside the live lane: slices of owed events (`owed.ts`) become alerts, one slice after the other. */
import type { Store } from '../ingest/store/store.ts'
import type { Cases } from './case/decide.ts'
import { LIVE, type Reach } from './lane.ts'
import { mergeGroups } from './many.ts'
import { correlated } from './matching.ts'
import type { Owed, Slice } from './owed.ts'
import type { Passes } from './pass.ts'
import type { Rule } from './rule.ts'

export interface Behind {
  readonly owed: Owed
  /** Rejects with what is no rule's fault. `coveredOf`: how far a rule has gone over the live lane. */
  go(rules: readonly Rule[], committed: number, stopped: () => boolean, patience: number): Promise<void>
}

export const openBehind = (
  store: Store,
  cases: Cases,
  passes: Passes,
  owed: Owed,
  coveredOf: (rule: Rule) => Promise<number>,
): Behind => {
  let mended = false
  const write = async (rules: readonly Rule[], slice: Slice): Promise<void> => {
    const { lane, from, to } = slice
    await owed.begin(slice)
    const before = await owed.reach()
    for (const rule of rules) {
      const found = slice.of(rule)
      if (found.size === 0) continue
      const reach: Reach = { ...before, [LIVE]: await coveredOf(rule), [lane]: to }
      const groups = rule.correlation ? await correlated(store, passes, rule, { lane, from, reach }, found) : found
      const merging = { store, cases, lane, reach, lost: [], oldest: 0, damaged: false }
      for await (const _ of mergeGroups(merging, rule, groups, to));
    }
    await owed.done(slice)
  }
  return {
    owed,
    go: async (rules, committed, stopped, patience) => {
      const began = performance.now()
      if (!mended) {
        // What a run has begun, the same run ends, before the live lane moves on.
        const broken = await owed.broken(rules)
        if (broken) await write(rules, broken)
        mended = true
      }
      for (;;) {
        const ready = await owed.ready(rules, committed)
        for (const slice of ready) {
          if (stopped()) return
          await write(rules, slice)
        }
        if (Number.isFinite(patience)) {
          if (ready.length === 0 || performance.now() - began > patience) return
          continue
        }
        if (ready.length === 0 && owed.waiting() === 0) return
        await owed.settle()
      }
    },
  }
}
