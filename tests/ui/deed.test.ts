/** An entry of the audit trail as a person reads it: names of fields and values in words, no JSON. */
import { describe, expect, test } from 'vitest'
import { en } from '../../ui/i18n/en.ts'
import { vi } from '../../ui/i18n/vi.ts'
import { detailsOf } from '../../ui/state/deed.ts'

const WRITE = {
  time: (at: number) => new Date(at).toISOString(),
  person: (name: string) => ({ hoa: 'Lê Hoa' })[name] ?? name,
  agency: (id: string) => ({ 'so-y-te': 'Sở Y tế' })[id] ?? id,
}
const read = (what: string, detail: string | undefined, t = vi) =>
  detailsOf(what, detail, t, WRITE).map(({ label, value }) => (label ? `${label}: ${value}` : value))

describe('in Vietnamese', () => {
  test.each([
    [
      'incident.close',
      '{"reason":"benign","incident.status":"closed","incident.reason":"benign"}',
      ['lý do: đúng nhưng vô hại', 'trạng thái: đã đóng'],
    ],
    ['alert.assign', '{"alert.assignee":"hoa"}', ['người xử lý: Lê Hoa']],
    ['alert.assign', '{"alert.assignee":null}', ['người xử lý: –']],
    [
      'incident.level',
      '{"incident.level":"high","incident.severity":3,"incident.due":0}',
      ['mức độ: Cao', 'hạn xử lý: 1970-01-01T00:00:00.000Z'],
    ],
    [
      'alert.agency',
      '{"organization.id":"so-y-te","organization.name":"Sở Y tế","alert.key":"x"}',
      ['cơ quan: Sở Y tế'],
    ],
    ['alert.join', '{"alert.incident":"5b2b","incident_number":"SYT-2026-001"}', ['sự cố: SYT-2026-001']],
    ['incident.note', '{"text":"đã gọi <b>điện</b>"}', ['đã gọi <b>điện</b>']],
    [
      'incident.task',
      '{"tasks":[{"id":"1","text":"gọi","done":true},{"text":"chặn"}]}',
      ['việc cần làm: ☑ gọi, ☐ chặn'],
    ],
    ['user.add', 'analyst', ['Phân tích viên']],
    [
      'user.change',
      '{"role":"manager","organizations":["so-y-te"],"disabled":true}',
      ['vai trò: Lãnh đạo', 'cơ quan: Sở Y tế', 'bị khóa: có'],
    ],
    ['user.sign_in', '{"from":"203.0.113.7"}', ['từ địa chỉ: 203.0.113.7']],
    [
      'user.sign_in_failed',
      '{"minute":"2026-11-26T10:00:00.000Z","from":"::1","failed":3,"turned_away":0}',
      ['lúc: 2026-11-26T10:00:00.000Z', 'từ địa chỉ: ::1', 'số lần sai: 3', 'số lần phải chờ: 0'],
    ],
    ['rule.enabled', 'false', ['tắt']],
    ['clock.accept', '2026-11-26 10:00 UTC → 2027-12-31 10:00 UTC', ['2026-11-26 10:00 UTC → 2027-12-31 10:00 UTC']],
    ['incident.open', '{"some.new":{"a":1},"constructor":"x"}', ['some.new: {"a":1}', 'constructor: x']],
    ['user.sign_out', undefined, []],
  ])('%s %s', (what, detail, expected) => expect(read(what, detail)).toEqual(expected))
})
test('in English', () => {
  expect(read('incident.close', '{"reason":"benign","incident.status":"closed"}', en)).toEqual([
    'reason: benign',
    'status: closed',
  ])
})
