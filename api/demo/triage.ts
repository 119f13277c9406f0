/** What the demo's people did: through the same API as everyone, with the accounts that the demo prints. */
import { createHash } from 'node:crypto'
import type { AlertList, AlertRow, CloseReason, IncidentRow } from '../contract.ts'

const HOUR = 3_600_000

/** A number from 0 to 99 that belongs to an id: the same decision in every run. */
const luck = (id: string, salt: string): number =>
  createHash('sha256').update(`${salt} ${id}`).digest().readUInt32BE(0) % 100

const NOTES: { [reason in Exclude<CloseReason, 'resolved'>]: string[] } = {
  true_positive: [
    'Đã chặn dải địa chỉ ở tường lửa hai chiều v4 và v6, báo đơn vị vận hành.',
    'Đã xác nhận, gỡ tệp lạ và đổi mật khẩu quản trị cổng.',
  ],
  benign: ['Đơn vị kiểm thử có lịch, đã đối chiếu công văn.', 'Quét định kỳ của trung tâm giám sát.'],
  false_positive: [
    'Tham số tìm kiếm có từ khoá trùng mẫu, không phải tấn công.',
    'Bài viết có từ khoá trùng, đã xem nội dung.',
  ],
  duplicate: ['Cùng đợt với cảnh báo trước.'],
}

export interface Team {
  /** Does what is due at this time of the replay. */
  work(now: number): Promise<void>
}

export const createTeam = async (
  url: string,
  accounts: readonly { username: string; password: string }[],
  end: number,
): Promise<Team> => {
  const sessions = new Map<string, string>()
  for (const { username, password } of accounts) {
    const response = await fetch(`${url}/api/auth/sign-in/username`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ username, password }),
    })
    if (!response.ok)
      throw new Error(`the demo account ${username} cannot sign in: ${response.status} ${await response.text()}`)
    sessions.set(
      username,
      response.headers
        .getSetCookie()
        .map((cookie) => cookie.split(';')[0])
        .join('; '),
    )
  }
  const people = [...sessions.keys()]
  const call = async <T>(who: string, path: string, body?: object): Promise<T | undefined> => {
    const response = await fetch(`${url}/api${path}`, {
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
      headers: { cookie: sessions.get(who)!, 'content-type': 'application/json', origin: url },
    })
    return response.ok ? ((await response.json()) as T) : undefined
  }
  const personOf = (id: string) => people[luck(id, 'who') % people.length]!
  return {
    work: async (now) => {
      // The last day is left for whoever opens the demo.
      const settled = Math.min(now - 3 * HOUR, end - 20 * HOUR)
      const queue = await call<AlertList>(people[0]!, `/alerts?status=new&from=0&to=${settled}&limit=100&sort=oldest`)
      for (const alert of queue?.items ?? []) {
        if (alert.last > settled) continue
        const who = personOf(alert.id)
        const chance = luck(alert.id, 'what')
        if (chance < 62) await close(call, who, alert)
        else
          await call(who, '/alerts/change', {
            items: [{ id: alert.id, version: alert.version }],
            status: chance < 84 ? 'acknowledged' : 'in_progress',
            assignee: who,
          })
      }
      const open = await call<{ items: IncidentRow[] }>(
        people[0]!,
        `/incidents?status=new,in_progress&limit=200&sort=oldest`,
      )
      for (const incident of open?.items ?? []) {
        const who = personOf(incident.id)
        const age = now - incident.created
        const chance = luck(incident.id, 'incident')
        if (incident.status === 'new' && age > 2 * HOUR && chance < 85) {
          await call(who, `/incidents/${incident.id}`, {
            version: incident.version,
            status: 'in_progress',
            assignee: who,
            note: 'Đã tiếp nhận, đang liên hệ cơ quan và đơn vị vận hành cổng.',
          })
        } else if (
          incident.status === 'in_progress' &&
          age > (8 + (chance % 20)) * HOUR &&
          now < end - 16 * HOUR &&
          chance < 78
        ) {
          const reason: keyof typeof NOTES = chance < 55 ? 'true_positive' : chance < 68 ? 'benign' : 'false_positive'
          await call(
            incident.assignee && sessions.has(incident.assignee) ? incident.assignee : who,
            `/incidents/${incident.id}`,
            { version: incident.version, status: 'closed', reason, note: NOTES[reason][chance % NOTES[reason].length] },
          )
        }
      }
    },
  }
}

const close = async (
  call: <T>(who: string, path: string, body?: object) => Promise<T | undefined>,
  who: string,
  alert: AlertRow,
): Promise<void> => {
  const chance = luck(alert.id, 'reason')
  const reason: keyof typeof NOTES =
    chance < 45 ? 'true_positive' : chance < 70 ? 'benign' : chance < 92 ? 'false_positive' : 'duplicate'
  await call(who, '/alerts/change', {
    items: [{ id: alert.id, version: alert.version }],
    status: 'closed',
    reason,
    assignee: who,
    note: NOTES[reason][chance % NOTES[reason].length],
  })
}
