/** The upgrade of the cases, killed between any two of its writes. */
import { expect, test } from 'vitest'
import { casesOf } from '../../api/acts.ts'
import { readConfig } from '../../api/config.ts'
import { readInventory } from '../../api/inventories.ts'
import { openEmbedded } from '../../api/store.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { embedded } from '../../ingest/store/embedded.ts'
import type { Store } from '../../ingest/store/store.ts'
import { examineCases } from '../../rules/case/examine.ts'
import { loadRules } from '../../rules/load.ts'
import { upgradeCases } from '../../rules/upgrade/upgrade.ts'
import { NOW, told, unpack } from '../api/upgrade/folder.ts'
import { breaking, Killed } from '../rules/stores.ts'

test('killed between any two writes it goes on at the next start, to the same end', async () => {
  const open = async (file: string) => {
    const config = readConfig(file, {})
    const { events, documents } = await openEmbedded(config, { wait: 0 })
    return {
      store: embedded(events, documents),
      inventory: readInventory(config),
      rules: loadRules(config.rules, LOGSOURCES),
    }
  }
  const once = async (left: number): Promise<{ killed: boolean; told: unknown }> => {
    const { store, inventory, rules } = await open(unpack())
    const facts = { inventory: () => inventory, clock: () => NOW, deadlines: () => ({}) }
    const upgrade = (documents: Store['documents']) => {
      const broken: Store = {
        ...store,
        documents,
        lease: async (name) => ({ ...(await store.lease(name))!, documents }),
      }
      return upgradeCases(broken, rules, casesOf(facts, documents))
    }
    let killed = false
    try {
      await upgrade(breaking(store.documents, left)).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error
        killed = true
      })
      if (killed) await upgrade(store.documents)
      expect((await examineCases(casesOf(facts, store.documents))).filter(({ ok }) => !ok)).toEqual([])
      const { alerts, incidents, journal } = await told(store)
      // A number that was drawn and not used leaves a gap.
      const plain = (rows: string[]) => rows.map((row) => row.replaceAll(/-2026-\d+/g, '')).sort()
      return { killed, told: { alerts: plain(alerts), incidents: plain(incidents), journal } }
    } finally {
      await store.close()
    }
  }
  const calm = await once(Number.POSITIVE_INFINITY)
  let n = 0
  for (let killed = true; killed; n++) {
    const broken = await once(n)
    killed = broken.killed
    expect(broken.told, `killed before write ${n + 1}`).toEqual(calm.told)
  }
  expect(n).toBeGreaterThan(20)
})
