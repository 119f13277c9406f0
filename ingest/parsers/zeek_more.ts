/** Zeek's logs of files, detections, what was learned of the network, and of Zeek itself; those of protocols are in `zeek_logs.ts`. */
import type { Rules } from './plan.ts'

export interface Log {
  /** What a leftover stands below, `zeek.<name>.`; the log's own name where it is not said. */
  readonly name?: string
  readonly kind?: 'alert' | 'metric' | 'enrichment'
  readonly category?: readonly string[]
  readonly type?: readonly string[]
  readonly transport?: string
  readonly protocol?: string
  /** The value of this field says what was done. */
  readonly action?: string
  /** Success or failure, by this field. */
  readonly outcome?: string
  readonly rules?: Rules
  /** Groups of fields: one group of which all stand there tells the log. */
  readonly known: readonly (readonly string[])[]
}

const CALL = ['connection', 'protocol']
const NET = ['network']

/** Told in this order, the last by what hardly tells anything. */
export const MORE_LOGS: Readonly<Record<string, Log>> = {
  pe: { category: ['file'], type: ['info'], known: [['compile_ts'], ['subsystem', 'machine']] },
  files: {
    category: ['file'],
    type: ['info'],
    known: [['fuid', 'seen_bytes'], ['tx_hosts'], ['rx_hosts'], ['fuid', 'analyzers'], ['conn_uids']],
    rules: {
      filename: ['text', 'file.name'],
      mime_type: ['text', 'file.mime_type'],
      total_bytes: ['long', 'file.size'],
      md5: ['text', 'file.hash.md5'],
      sha1: ['text', 'file.hash.sha1'],
      sha256: ['text', 'file.hash.sha256'],
      rx_hosts: ['ip', 'client.ip'],
      tx_hosts: ['ip', 'server.ip'],
      conn_uids: ['list', 'zeek.session_ids'],
    },
  },
  signatures: {
    name: 'signature',
    kind: 'alert',
    category: NET,
    known: [['sig_id'], ['note', 'event_msg']],
    rules: {
      src_addr: ['side', 'source'],
      src_port: ['port', 'source.port'],
      dst_addr: ['side', 'destination'],
      dst_port: ['port', 'destination.port'],
      sig_id: ['text', 'rule.id'],
      event_msg: ['text', 'rule.description', 'message'],
    },
  },
  notice: {
    kind: 'alert',
    category: ['intrusion_detection'],
    type: ['info'],
    known: [['note', 'msg'], ['note', 'actions'], ['suppress_for']],
    rules: {
      src: ['side', 'source'],
      dst: ['side', 'destination'],
      p: ['port', 'destination.port'],
      note: ['text', 'rule.name', 'zeek.notice.note'],
      msg: ['text', 'rule.description', 'message'],
      file_mime_type: ['text', 'file.mime_type'],
      dropped: ['own'],
    },
  },
  intel: {
    kind: 'enrichment',
    category: ['threat'],
    type: ['indicator'],
    known: [['seen.indicator'], ['seen.indicator_type']],
    rules: { 'seen.indicator': ['text', 'zeek.intel.seen.indicator'] },
  },
  weird: {
    category: NET,
    type: ['info'],
    known: [
      ['name', 'notice'],
      ['name', 'addl'],
      ['name', 'peer'],
    ],
  },
  dpd: { category: NET, type: ['connection', 'info'], known: [['failure_reason'], ['analyzer', 'packet_segment']] },
  analyzer: { category: NET, type: ['info'], known: [['analyzer_kind'], ['analyzer_name', 'cause'], ['failure_data']] },
  tunnel: { category: NET, type: ['connection'], action: 'action', known: [['tunnel_type']] },
  software: {
    category: ['network', 'file'],
    type: ['info'],
    known: [['software_type'], ['unparsed_version']],
    rules: { host: ['ip', 'host.ip'] },
  },
  known_certs: {
    category: ['network', 'file'],
    type: ['info'],
    known: [['issuer_subject']],
    rules: {
      host: ['ip', 'server.ip', 'host.ip'],
      port_num: ['port', 'server.port'],
      subject: ['text', 'tls.server.subject'],
      issuer_subject: ['text', 'tls.server.issuer'],
      serial: ['text', 'tls.server.x509.serial_number'],
    },
  },
  known_services: {
    category: NET,
    type: ['info'],
    known: [['port_proto'], ['port_num', 'service']],
    rules: {
      host: ['ip', 'server.ip', 'host.ip'],
      port_num: ['port', 'server.port'],
      port_proto: ['transport', 'network.transport'],
      service: ['text', 'network.application'],
    },
  },
  quic: {
    category: NET,
    type: CALL,
    transport: 'udp',
    protocol: 'quic',
    known: [['client_initial_dcid']],
    rules: { server_name: ['lower', 'tls.client.server_name', 'destination.domain'] },
  },
  ldap_search: { category: NET, type: CALL, protocol: 'ldap', known: [['base_object']] },
  ldap: {
    category: NET,
    type: CALL,
    protocol: 'ldap',
    known: [
      ['message_id', 'opcode'],
      ['message_id', 'opcodes'],
    ],
  },
  syslog: {
    protocol: 'syslog',
    known: [['facility', 'severity']],
    rules: {
      facility: ['text', 'log.syslog.facility.name'],
      severity: ['text', 'log.syslog.severity.name'],
      message: ['text', 'message'],
    },
  },
  capture_loss: { kind: 'metric', type: ['info'], known: [['percent_lost']] },
  stats: { kind: 'metric', known: [['pkts_proc']] },
  reporter: {
    type: ['info'],
    known: [['level', 'message']],
    rules: { level: ['text', 'log.level'], message: ['text', 'message'] },
  },
  traceroute: {
    category: NET,
    type: ['info'],
    known: [['src', 'dst', 'proto']],
    rules: { src: ['side', 'source'], dst: ['side', 'destination'] },
  },
  known_hosts: { category: ['network', 'host'], type: ['info'], known: [['host']], rules: { host: ['ip', 'host.ip'] } },
}
