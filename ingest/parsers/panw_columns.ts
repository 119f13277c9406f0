/**
 * The columns of PAN-OS's logs and what they become. Versions add columns at the end (PAN-OS Administrator's Guide 8.1 to
 * 11.1, "Syslog Field Descriptions", one page a log type), so that the longest list reads all; `_` is "FUTURE_USE".
 * https://docs.paloaltonetworks.com/pan-os/11-0/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions
 */
import { planOf, type Rules, targetsOf } from './targets.ts'

export const VENDOR = 'panw.panos.'

const HEAD = '_ receive_time serial type subtype _ time_generated'
const GROUPS = 'dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4'
/** Up to the action, sessions are told alike. */
const SESSION = `${HEAD} src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset _ sessionid
  repeatcnt sport dport natsport natdport flags proto action`
const DEVICES = `src_category src_profile src_model src_vendor src_osfamily src_osversion src_host src_mac
  dst_category dst_profile dst_model dst_vendor dst_osfamily dst_osversion dst_host dst_mac`
const APPLICATION = `subcategory_of_app category_of_app technology_of_app risk_of_app characteristic_of_app
  container_of_app tunneled_app is_saas_of_app sanctioned_state_of_app`

const COLUMNS = {
  traffic: `${SESSION} bytes bytes_sent bytes_received packets start elapsed category _ seqno actionflags srcloc dstloc _
    pkts_sent pkts_received session_end_reason ${GROUPS} vsys_name device_name action_source src_uuid dst_uuid tunnelid
    monitortag parent_session_id parent_start_time tunnel assoc_id chunks chunks_sent chunks_received rule_uuid
    http2_connection link_change_count policy_id link_switches sdwan_cluster sdwan_device_type sdwan_cluster_type sdwan_site
    dynusergroup_name xff_ip ${DEVICES} container_id pod_namespace pod_name src_edl dst_edl hostid serialnumber src_dag
    dst_dag session_owner high_res_timestamp nsdsai_sst nsdsai_sd ${APPLICATION} offloaded flow_type cluster_name`,
  threat: `${SESSION} misc threatid category severity direction seqno actionflags srcloc dstloc _ contenttype pcap_id
    filedigest cloud url_idx user_agent filetype xff referer sender subject recipient reportid ${GROUPS} vsys_name
    device_name _ src_uuid dst_uuid http_method tunnelid monitortag parent_session_id parent_start_time tunnel thr_category
    contentver _ assoc_id ppid http_headers url_category_list rule_uuid http2_connection dynusergroup_name xff_ip ${DEVICES}
    container_id pod_namespace pod_name src_edl dst_edl hostid serialnumber domain_edl src_dag dst_dag partial_hash
    high_res_timestamp reason justification nsdsai_sst ${APPLICATION} cloud_reportid cluster_name flow_type`,
  tunnel: `${SESSION} severity seqno actionflags srcloc dstloc ${GROUPS} vsys_name device_name tunnelid monitortag
    parent_session_id parent_start_time tunnel bytes bytes_sent bytes_received packets pkts_sent pkts_received max_encap
    unknown_proto strict_check tunnel_fragment sessions_created sessions_closed session_end_reason action_source start
    elapsed tunnel_insp_rule remote_user_ip remote_user_id rule_uuid pcap_id dynusergroup_name src_edl dst_edl
    high_res_timestamp nsdsai_sd nsdsai_sst pdu_session_id ${APPLICATION} cluster_name`,
  decryption: `${HEAD} src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset time_received
    sessionid repeatcnt sport dport natsport natdport flags proto action tunnel _ _ src_uuid dst_uuid rule_uuid hs_stage_c2f
    hs_stage_f2s tls_version tls_keyxchg tls_enc tls_auth policy_name ec_curve err_index root_status chain_status proxy_type
    cert_serial fingerprint notbefore notafter cert_ver cert_size cn_len issuer_len rootcn_len sni_len cert_flags cn
    issuer_cn root_cn sni error container_id pod_namespace pod_name src_edl dst_edl src_dag dst_dag high_res_timestamp
    ${DEVICES} seqno actionflags ${GROUPS} vsys_name device_name vsys_id subcategory_of_app category_of_app
    technology_of_app risk_of_app characteristic_of_app container_of_app tunneled_app is_saas_of_app
    sanctioned_state_of_app cluster_name`,
  sctp: `${HEAD} src dst _ _ rule _ _ _ vsys from to inbound_if outbound_if logset _ sessionid repeatcnt sport dport _ _ _ _
    proto action ${GROUPS} vsys_name device_name seqno _ assoc_id ppid severity sctp_chunk_type _ verif_tag_1 verif_tag_2
    sctp_cause_code diam_app_id diam_cmd_code diam_avp_code stream_id assoc_end_reason op_code sccp_calling_ssn
    sccp_calling_gt sctp_filter chunks chunks_sent chunks_received packets pkts_sent pkts_received rule_uuid
    high_res_timestamp`,
  gtp: `${HEAD} src dst _ _ rule _ _ app vsys from to inbound_if outbound_if logset _ sessionid _ sport dport _ _ _ proto
    action`,
  system: `${HEAD} vsys eventid object _ _ module severity opaque seqno actionflags ${GROUPS} vsys_name device_name _ _
    high_res_timestamp`,
  config: `${HEAD} client vsys cmd admin client_type result path before_change_detail after_change_detail seqno actionflags
    ${GROUPS} vsys_name device_name dg_id comment _ high_res_timestamp`,
  // PAN-OS 7.1 and 8.0.
  config7: `${HEAD} client vsys cmd admin client_type result path seqno actionflags before_change_detail
    after_change_detail ${GROUPS} vsys_name device_name`,
  userid: `${HEAD} vsys ip user datasourcename eventid repeatcnt timeout beginport endport datasource datasourcetype seqno
    actionflags ${GROUPS} vsys_name device_name vsys_id factortype factorcompletiontime factorno ugflags userbysource
    tag_name high_res_timestamp origindatasource _ cluster_name`,
  hipmatch: `${HEAD} srcuser vsys machinename os ip matchname repeatcnt matchtype _ _ seqno actionflags ${GROUPS} vsys_name
    device_name vsys_id srcipv6 hostid serialnumber mac high_res_timestamp cluster_name`,
  globalprotect: `${HEAD} vsys eventid stage auth_method tunnel_type srcuser srcregion machinename public_ip public_ipv6
    private_ip private_ipv6 hostid serialnumber client_ver client_os client_os_ver repeatcnt reason error opaque status
    location login_duration connect_method error_code portal seqno actionflags high_res_timestamp selection_type
    response_time priority attempted_gateways gateway ${GROUPS} vsys_name device_name vsys_id cluster_name`,
  authentication: `${HEAD} vsys ip user normalize_user object authpolicy repeatcnt authid vendor logset serverprofile desc
    clienttype event factorno seqno actionflags ${GROUPS} vsys_name device_name vsys_id authproto rule_uuid
    high_res_timestamp src_category src_profile src_model src_vendor src_osfamily src_osversion src_host src_mac region _
    user_agent session_id cluster_name`,
  iptag: `${HEAD} vsys ip tag_name event_id repeatcnt timeout datasourcename datasource_type datasource_subtype seqno
    actionflags ${GROUPS} vsys_name device_name vsys_id high_res_timestamp cluster_name`,
  correlation: `${HEAD} src srcuser vsys category severity ${GROUPS} vsys_name device_name vsys_id objectname object_id
    evidence`,
} as const
export type Layout = keyof typeof COLUMNS

const RULES: Rules = {
  _: ['none'],
  // The parser reads these itself.
  receive_time: ['none'],
  time_generated: ['none'],
  high_res_timestamp: ['none'],
  start: ['none'],
  type: ['text', `${VENDOR}type`],
  subtype: ['text', `${VENDOR}sub_type`],
  serial: ['text', 'observer.serial_number'],
  device_name: ['text', 'observer.name'],
  src: ['side', 'source'],
  dst: ['side', 'destination'],
  natsrc: ['ip', 'source.nat.ip'],
  natdst: ['ip', 'destination.nat.ip'],
  ip: ['side', 'source'],
  client: ['side', 'source'],
  public_ip: ['side', 'source'],
  public_ipv6: ['side', 'source'],
  private_ip: ['text', `${VENDOR}private_ip`],
  sport: ['port', 'source.port'],
  dport: ['port', 'destination.port'],
  beginport: ['port', 'source.port'],
  endport: ['port', 'destination.port'],
  natsport: ['port', 'source.nat.port'],
  natdport: ['port', 'destination.nat.port'],
  srcuser: ['user', 'source.user'],
  user: ['user', 'source.user'],
  dstuser: ['user', 'destination.user'],
  admin: ['user', 'source.user'],
  src_mac: ['mac', 'source.mac'],
  dst_mac: ['mac', 'destination.mac'],
  mac: ['mac', 'source.mac'],
  rule: ['text', 'rule.name'],
  rule_uuid: ['text', 'rule.uuid'],
  app: ['text', 'network.application'],
  vsys: ['text', `${VENDOR}virtual_sys`],
  from: ['text', 'observer.ingress.zone'],
  to: ['text', 'observer.egress.zone'],
  inbound_if: ['text', 'observer.ingress.interface.name'],
  outbound_if: ['text', 'observer.egress.interface.name'],
  logset: ['text', `${VENDOR}log_profile`],
  sessionid: ['text', `${VENDOR}flow_id`],
  session_id: ['text', `${VENDOR}flow_id`],
  repeatcnt: ['long', `${VENDOR}repeat_count`],
  proto: ['transport'],
  bytes: ['long', 'network.bytes'],
  bytes_sent: ['long', 'source.bytes'],
  bytes_received: ['long', 'destination.bytes'],
  packets: ['long', 'network.packets'],
  pkts_sent: ['long', 'source.packets'],
  pkts_received: ['long', 'destination.packets'],
  elapsed: ['seconds', 'event.duration'],
  login_duration: ['seconds', 'event.duration'],
  category: ['text', `${VENDOR}url.category`],
  url_category_list: ['text', `${VENDOR}url.category_list`],
  seqno: ['text', `${VENDOR}sequence_number`],
  actionflags: ['text', `${VENDOR}action_flags`],
  srcloc: ['text', `${VENDOR}source.location`],
  dstloc: ['text', `${VENDOR}destination.location`],
  session_end_reason: ['text', `${VENDOR}endreason`],
  dg_hier_level_1: ['text', `${VENDOR}device_group_hierarchy1`],
  dg_hier_level_2: ['text', `${VENDOR}device_group_hierarchy2`],
  dg_hier_level_3: ['text', `${VENDOR}device_group_hierarchy3`],
  dg_hier_level_4: ['text', `${VENDOR}device_group_hierarchy4`],
  chunks: ['long', `${VENDOR}sctp.chunks`],
  chunks_sent: ['long', `${VENDOR}sctp.chunks_sent`],
  chunks_received: ['long', `${VENDOR}sctp.chunks_received`],
  tunnel: ['text', `${VENDOR}tunnel_type`],
  xff_ip: ['ip', 'network.forwarded_ip'],
  // What an URL, a file's name or the reason of the threat is depends on the subtype.
  misc: ['text', `${VENDOR}threat.resource`],
  threatid: ['none'],
  severity: ['text', 'log.level'],
  direction: ['text', `${VENDOR}direction`],
  user_agent: ['text', 'user_agent.original'],
  referer: ['text', 'http.request.referrer'],
  http_method: ['text', 'http.request.method'],
  xff: ['ip', 'network.forwarded_ip'],
  filetype: ['text', `${VENDOR}file.type`],
  filedigest: ['none'],
  sender: ['text', 'email.from.address'],
  recipient: ['text', 'email.to.address'],
  subject: ['text', 'email.subject'],
  eventid: ['text', 'event.code'],
  event_id: ['text', 'event.code'],
  opaque: ['text', 'message'],
  desc: ['text', 'message'],
  evidence: ['text', 'message'],
  reason: ['text', 'event.reason'],
  error: ['text', 'error.message'],
  error_code: ['text', 'error.code'],
  machinename: ['domain', 'host.name'],
  hostid: ['text', 'host.id'],
  os: ['text', 'host.os.full'],
  client_os: ['text', 'host.os.family'],
  client_os_ver: ['text', 'host.os.full'],
  srcipv6: ['side', 'source'],
  timeout: ['long', `${VENDOR}timeout`],
  factorno: ['long', `${VENDOR}factorno`],
  tls_enc: ['text', 'tls.cipher'],
  ec_curve: ['text', 'tls.curve'],
  tls_version: ['none'],
  sni: ['text', 'tls.client.server_name'],
  cn: ['text', 'tls.server.x509.subject.common_name'],
  issuer_cn: ['text', 'tls.server.x509.issuer.common_name'],
  cert_serial: ['text', 'tls.server.x509.serial_number'],
  fingerprint: ['text', 'tls.server.hash.sha256'],
  cert_size: ['long', 'tls.server.x509.public_key_size'],
}

const layoutOf = (columns: string) => {
  const names = columns.trim().split(/\s+/)
  return {
    names,
    plan: planOf(targetsOf(names, RULES, VENDOR)),
    at: (name: string): number => names.indexOf(name),
  }
}
export const LAYOUTS = Object.fromEntries(
  Object.entries(COLUMNS).map(([name, columns]) => [name, layoutOf(columns)]),
) as Readonly<Record<Layout, ReturnType<typeof layoutOf>>>
