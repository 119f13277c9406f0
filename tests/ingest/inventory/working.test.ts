import { expect, test } from 'vitest'
import { parseInventory } from '../../../ingest/inventory/inventory.ts'
import { workingMs } from '../../../ingest/inventory/working.ts'

const inventory = parseInventory(
  `province: { id: p, name: P, timezone: Asia/Ho_Chi_Minh }
agencies: [{ id: a, name: A, kind: commune }]
calendar:
  off: [{ from: 2026-09-02, to: 2026-09-02, name: Quốc khánh }]
`,
  'inventory.yml',
)
// 2026-08-31 is a Monday; hours are 07:00–11:00 and 13:00–17:00.
test.each([
  ['a morning', '2026-08-31 07:00', '2026-08-31 11:00', 4],
  ['over the midday rest', '2026-08-31 10:30', '2026-08-31 13:30', 1],
  ['a night', '2026-08-31 17:00', '2026-09-01 07:00', 0],
  ['to the next day', '2026-08-31 16:00', '2026-09-01 08:00', 2],
  ['over a holiday', '2026-09-01 16:00', '2026-09-03 08:00', 2],
  ['a weekend', '2026-09-04 16:00', '2026-09-07 08:00', 2],
  ['a week with a holiday', '2026-08-31 00:00', '2026-09-07 00:00', 32],
  ['backwards', '2026-08-31 11:00', '2026-08-31 07:00', 0],
])('%s', (_, from, to, hours) => {
  const at = (text: string) => Date.parse(`${text.replace(' ', 'T')}:00+07:00`)
  expect(workingMs(inventory, at(from), at(to)) / 3_600_000).toBe(hours)
})
