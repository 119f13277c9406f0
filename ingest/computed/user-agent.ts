/**
 * What a client says it is, taken apart (ECS, "User Agent Fields") by bowser (MIT). A client says what it likes: this is for
 * reading and grouping, never a proof.
 */
import bowser from 'bowser'
import type { Event } from '../event.ts'
import type { Computed } from './computed.ts'
import { remembered } from './remembered.ts'

type Agent = Readonly<
  Record<'name' | 'version' | 'os.name' | 'os.version' | 'os.full' | 'device.name', string | undefined>
>
const NONE: Agent = {
  name: undefined,
  version: undefined,
  'os.name': undefined,
  'os.version': undefined,
  'os.full': undefined,
  'device.name': undefined,
}
/** What is looked at: no browser says more, and every expression of the library runs over it. */
const LONGEST = 512
/** `curl/8.5.0`, `python-requests/2.31`: who names itself first and only, as RFC 9110 §10.1.5 has it. */
const PRODUCT = /^([A-Za-z][\w .+-]{0,40}?)\/(\d[\w.+-]{0,24})(?:\s|$)/

const agentOf = remembered((text): Agent => {
  const head = text.slice(0, LONGEST)
  if (head.trim() === '') return NONE
  const { browser, os, platform } = bowser.parse(head)
  const product = browser.name ? undefined : PRODUCT.exec(head)
  const system = os.name ? (os.versionName ?? os.version) : undefined
  return {
    name: browser.name || product?.[1] || undefined,
    version: (browser.name ? browser.version : product?.[2]) || undefined,
    'os.name': os.name || undefined,
    'os.version': os.name ? os.version || undefined : undefined,
    'os.full': os.name ? [os.name, system].filter(Boolean).join(' ') : undefined,
    'device.name': [platform.vendor, platform.model].filter(Boolean).join(' ') || undefined,
  }
})

export const USER_AGENT: readonly (readonly [field: string, Computed])[] = (Object.keys(NONE) as (keyof Agent)[]).map(
  (part) => [
    `user_agent.${part}`,
    {
      of: ['user_agent.original'],
      value: (event: Event) => {
        const said = event['user_agent.original']
        return typeof said === 'string' ? agentOf(said)[part] : undefined
      },
    },
  ],
)
