/** Which names of fields a configuration may say: one that no event has would silently do nothing. */
import { COMPUTED } from '../ingest/computed/computed.ts'
import { FIELDS, fieldOf } from '../ingest/event.ts'
import { isDeclared } from '../ingest/row/handles.ts'
import { nearest } from '../rules/sigma/error.ts'

/** What devices say of their own stands below these, whatever its name. */
const VENDOR = new RegExp(
  `^(?:${[
    'fortinet\\.firewall',
    '(?:nginx|apache|iis|tomcat|traefik)\\.(?:access|error)',
    'panw\\.panos',
    'cisco\\.(?:asa|ftd|ios)',
    'checkpoint',
    'sophos\\.(?:xg|utm)',
    'pfsense',
    'juniper\\.srx',
    'sonicwall\\.firewall',
    'mikrotik',
    'iptables',
    'suricata\\.eve',
    'zeek',
    'haproxy',
    'squid',
    'modsec\\.audit',
    'f5_bigip',
    'barracuda\\.waf',
    'citrix',
    'cef',
    'leef',
    'linux\\.auth',
    'bind',
    'postfix',
    'dovecot',
    'exchange',
    'winlog',
    'windows_dns',
    'labels', // what a sender of ECS documents adds of its own
  ].join('|')})\\.\\S+$`,
)

export const isField = (name: string): boolean =>
  fieldOf(name) !== undefined || COMPUTED.has(name) || VENDOR.test(name) || isDeclared(name)

/** What was expected instead of a name that is none. */
export const expectedField = (name: string): string => {
  const near = nearest(
    name,
    FIELDS.map((field) => field.name),
  )
  return `the name of a field of events${near ? ` (is ${near} meant?)` : ', such as url.query or user.name'}`
}
