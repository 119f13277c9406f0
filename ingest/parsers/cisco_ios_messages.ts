/**
 * Messages of IOS, IOS XE and NX-OS by facility and mnemonic, one template a line (`template.ts`), tried in order. One that is not here
 * is kept with its text.
 * Cisco IOS System Message Guides, https://www.cisco.com/c/en/us/td/docs/ios/system/messages/guide/consol_smg.html
 */
import { type Sort, sortOf } from './categories.ts'

const LOGIN = { category: 'authentication', type: 'start' } as const
const FLOW = 'network'
export const SORTS = {
  // What was permitted is allowed, anything else denied.
  permit: sortOf({ category: FLOW, type: 'connection allowed', action: 'permitted' }),
  deny: sortOf({ category: FLOW, type: 'connection denied', action: 'denied' }),
  drop: sortOf({ category: FLOW, type: 'connection denied', action: 'dropped' }),
  start: sortOf({ category: FLOW, type: 'connection start', action: 'session-start' }),
  end: sortOf({ category: FLOW, type: 'connection end', action: 'session-end' }),
  loginOk: sortOf({ ...LOGIN, action: 'login', outcome: 'success' }),
  loginFail: sortOf({ ...LOGIN, action: 'login', outcome: 'failure' }),
  logout: sortOf({ category: 'authentication', type: 'end', action: 'logout', outcome: 'success' }),
  blocked: sortOf({
    category: 'authentication intrusion_detection',
    type: 'denied',
    action: 'login-blocked',
    outcome: 'success',
  }),
  command: sortOf({ category: 'configuration', type: 'change', action: 'command-executed', outcome: 'success' }),
  configured: sortOf({ category: 'configuration', type: 'change', action: 'configured', outcome: 'success' }),
  spoof: sortOf({ category: 'network intrusion_detection', type: 'denied', action: 'spoofing-detected' }),
  violation: sortOf({ category: 'network intrusion_detection', type: 'denied', action: 'port-security-violation' }),
  badAuth: sortOf({
    category: 'network intrusion_detection',
    type: 'protocol denied',
    action: 'peer-authentication-failed',
    outcome: 'failure',
  }),
  neighbor: sortOf({ category: FLOW, type: 'protocol info', action: 'neighbor-change' }),
  link: sortOf({ category: 'network host', type: 'change', action: 'interface-state-change' }),
  dot1xOk: sortOf({
    category: 'authentication network',
    type: 'start',
    action: 'port-authentication',
    outcome: 'success',
  }),
  dot1xFail: sortOf({
    category: 'authentication network',
    type: 'start',
    action: 'port-authentication',
    outcome: 'failure',
  }),
  restart: sortOf({ category: 'host', type: 'start', action: 'restarted' }),
  other: sortOf({ category: FLOW, type: 'info' }),
} as const satisfies Record<string, Sort>
export type SortName = keyof typeof SORTS | 'verb' | 'verdict'

/** Captures of a text; what each becomes is said in `cisco_ios.ts`. */
export const NAMES =
  `_ acl verb verdict proto type code count iface iface2 mac ip server user via terminal port reason cmd state neighbor
  process vlan seconds service`.split(/\s+/)
export const ENDS = ['src', 'dst'] as const

export const MESSAGES = `
IPACCESSLOGP ACCESSLOGP verb
  list {acl} {verb} {proto} {bare:src} ({iface} {mac}) -> {bare:dst}, {count} packet
  list {acl} {verb} {proto} {bare:src} ({iface}) -> {bare:dst}, {count} packet
  list {acl} {verb} {proto} {bare:src} -> {bare:dst}, {count} packet
  list {acl} {verb} {proto} {bare:src} {iface} -> {bare:dst}, {count} packet
IPACCESSLOGDP ACCESSLOGDP verb
  list {acl} {verb} {proto} {bare:src} ({iface} {mac}) -> {bare:dst} ({type}/{code}), {count} packet
  list {acl} {verb} {proto} {bare:src} -> {bare:dst} ({type}/{code}), {count} packet
IPACCESSLOGNP ACCESSLOGNP IPACCESSLOGRP verb
  list {acl} {verb} {proto} {bare:src} -> {bare:dst}, {count} packet
IPACCESSLOGS ACCESSLOGSP verb
  list {acl} {verb} {bare:src} {count} packet
  list {acl} {verb} {bare:src} -> {bare:dst}, {count} packet
DENY_PACKET DROP_PKT DROP_TCP_PKT DROP_UDP_PKT drop
  Dropping {service} session {at:src} {at:dst} due to {reason} with ip ident
  Dropping {service} session {at:src} {at:dst} due to {reason}
  Dropping {service} session {at:src} {at:dst} {reason}
SESS_AUDIT_TRAIL_START start
  {_}Start {service} session: initiator ({at:src}) -- responder ({at:dst})
SESS_AUDIT_TRAIL end
  {_}Stop {service} session: initiator ({at:src}) sent {count} bytes -- responder ({at:dst}) sent {_} bytes
LOGIN_SUCCESS loginOk
  Login Success [user: {user*}] [Source: {ip}] [localport: {port}] at
LOGIN_FAILED loginFail
  Login failed [user: {user*}] [Source: {ip}] [localport: {port}] [Reason: {reason}] at
QUIET_MODE_ON blocked
  Still timeleft for watching failures is {seconds} secs, [user: {user*}] [Source: {ip}] [localport: {port}] [Reason: {reason}]
SSH2_USERAUTH verdict
  User '{user*}' authentication for SSH2 Session from {ip} (tty = {terminal}) using crypto cipher '{_}', hmac '{_}' {verdict}
  User '{user*}' authentication for SSH2 Session from {ip} (tty = {terminal}) {_}' {verdict}
SSH_USERAUTH verdict
  User '{user*}' authentication for SSH Session from {ip} (tty = {terminal}) using crypto cipher '{_}' {verdict}
SSH2_SESSION SSH_SESSION other
  {via} Session request from {ip} (tty = {terminal}) using crypto cipher '{_}', hmac '{_}' {state}
  {via} Session request from {ip} (tty = {terminal}) {state}
SSH2_CLOSE SSH_CLOSE logout
  {via} Session from {ip} (tty = {terminal}) for user '{user*}' using crypto cipher '{_}', hmac '{_}' closed
  {via} Session from {ip} (tty = {terminal}) for user '{user*}'
LOGOUT logout
  User {user*} has exited tty session {terminal}({ip})
CONFIG_I configured
  Configured from {via} by {user*} on {terminal} ({ip})
  Configured from {via} by {user}
CFGLOG_LOGGEDCMD command
  User:{user}  logged command:{cmd}
  User:{user} logged command:{cmd}
VSHD_SYSLOG_CONFIG_I configured
  Configured from {via} by {user*} on {ip}@{terminal}
  Configured from {via} by {user*} on {terminal}
UPDOWN link
  Line protocol on Interface {iface}, changed state to {state}
  Interface {iface}, changed state to {state}
CHANGED link
  Interface {iface}, changed state to {state}
PSECURE_VIOLATION violation
  Security violation occurred, caused by MAC address {mac} on port {iface}.
DHCP_SNOOPING_DENY DHCP_SNOOPING_UNTRUSTED_PORT spoof
  {count} Invalid ARPs ({_}) on {iface}, vlan {vlan}.([{mac}/{ip}/
  {_} on {iface}
DHCP_SNOOPING_MATCH_MAC_FAIL spoof
  DHCP_SNOOPING drop message because the chaddr doesn't match source mac, message type: {_}, chaddr: {_}, MAC sa: {mac}
BADAUTH badAuth
  No MD5 digest from {bare:src} to {bare:dst}
  Invalid MD5 digest from {bare:src} to {bare:dst}
AUTHFAIL loginFail
  Authentication failure for SNMP req from host {ip}
ADJCHANGE neighbor
  neighbor {neighbor} {state}
ADJCHG neighbor
  Process {process}, Nbr {neighbor} on {iface} from {_} to {state}, {reason}
  Process {process}, Nbr {neighbor} on {iface} from {_} to {state}
NBRCHANGE neighbor
  {process}: Neighbor {neighbor} ({iface}) is {state}: {reason}
NBRCHG neighbor
  {process} Neighbor {neighbor} is {state}
SUCCESS dot1xOk
  Authorization succeeded for client ({mac}) on Interface {iface}
  Authentication successful for client ({mac}) on Interface {iface}
FAIL dot1xFail
  Authorization failed or unapplied for client ({mac}) on Interface {iface}
  Authentication failed for client ({mac}) on Interface {iface}
RESTART restart
  System restarted
`
