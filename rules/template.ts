/** What a new rule begins with: a text that compiles, and events to be replaced by real ones. */

/** What a rule is called: its file is named so. */
export const isRuleId = (id: string): boolean => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(id) && id.length <= 120
export const NO_RULE_ID = 'write words of a to z and digits, joined by hyphens, such as backup-download'

/** A name as YAML takes it, whatever stands in it. */
const scalar = (text: string): string =>
  /^\p{L}[\p{L}\p{M}\p{N} .-]*$/u.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text)
    ? text
    : JSON.stringify(text)

const HEAD = (id: string, author: string, date: string) => `title: Tên luật, nói điều đã xảy ra
id: ${id}
status: experimental
description: Điều gì đã xảy ra, vì sao đáng chú ý.
author: ${scalar(author)}
date: ${date}
tags: [attack.initial-access, attack.t1190]
`
const OWN = `level: medium
falsepositives:
  - Khi nào luật có thể báo nhầm
vonglau:
  en: { title: A name that says what happened, description: 'What happened, and why it matters.' }
  guide:
    vi: |
      1. Xem gì trước tiên.
      2. Báo ai, chặn gì.
    en: |
      1. What to look at first.
      2. Whom to tell, what to block.
`

export const newRule = (id: string, author: string, date: string): string => `${HEAD(id, author, date)}logsource:
  category: webserver
detection:
  asked:
    url.path|startswith: /thay-duong-dan-nay/
  answered:
    http.response.status_code: 200
  condition: asked and answered
${OWN}`

export const newCorrelation = (id: string, author: string, date: string): string => `name: ${id}-base
title: Từng sự kiện được đếm
logsource:
  category: webserver
detection:
  asked:
    url.path|startswith: /thay-duong-dan-nay/
  condition: asked
---
${HEAD(id, author, date)}correlation:
  type: event_count
  rules: [${id}-base]
  group-by: [source.ip]
  timespan: 10m
  condition: { gte: 10 }
${OWN}`

const event = (path: string) => ({
  'event.category': ['web'],
  'url.path': path,
  'http.response.status_code': 200,
  'source.ip': '198.51.100.7',
})
/** One that must match and one that must not: five of each are asked for. */
export const newEvents = (correlation: boolean): string => {
  const lines = correlation
    ? [
        {
          match: true,
          why: 'mười lần trong mười phút',
          events: [{ event: event('/thay-duong-dan-nay/a'), at: 0, every: 5, times: 10 }],
        },
        {
          match: false,
          why: 'chín lần là ít',
          events: [{ event: event('/thay-duong-dan-nay/a'), at: 0, every: 5, times: 9 }],
        },
      ]
    : [
        { match: true, why: 'thay bằng dòng nhật ký thật', event: event('/thay-duong-dan-nay/a') },
        { match: false, why: 'đường dẫn khác', event: event('/tin-tuc/a') },
      ]
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}
