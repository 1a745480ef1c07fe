import type { IndustrySeed } from './profile.ts'

/** Customers of Acme: domain|name|city|industry|size|domain of the parent. All made up. */
export const ACME_ACCOUNTS = `
castlemoor|Castlemoor Industries Group|chicago|diversified|XL|
castlemoor-aero|Castlemoor Aerostructures|wichita|aerospace|L|castlemoor
castlemoor-everett|Castlemoor Aerostructures Everett Plant|everett|aerospace|M|castlemoor-aero
castlemoor-hydraulics|Castlemoor Hydraulics|milwaukee|fluid|M|castlemoor
brackenfield|Brackenfield Motor Components|detroit|automotive|XL|
brackenfield-driveline|Brackenfield Driveline|grandrapids|automotive|L|brackenfield
brackenfield-tooling|Brackenfield Driveline Tooling Center|grandrapids|tooling|S|brackenfield-driveline
brackenfield-castings|Brackenfield Castings|cleveland|automotive|M|brackenfield
orrinvale|Orrinvale Medical Holdings|minneapolis|medical|L|
orrinvale-ortho|Orrinvale Orthopedics|minneapolis|medical|M|orrinvale
orrinvale-surgical|Orrinvale Surgical Instruments|boston|medical|M|orrinvale
wexcombe|Wexcombe Engineering Group|birmingham|diversified|L|
wexcombe-gears|Wexcombe Gears|leeds|automotive|M|wexcombe
harrowcreek|Harrow Creek Machining|columbus|jobshop|S|
tallgrass-precision|Tallgrass Precision Parts|wichita|aerospace|M|
juniperbend|Juniper Bend Tool & Die|grandrapids|tooling|S|
saltmarshgear|Saltmarsh Marine Gear|portland|marine|M|
quillfeather|Quillfeather Optics|boston|optics|S|
pinnockvalve|Pinnock Valve Works|houston|fluid|M|
dunmerebearing|Dunmere Bearing Company|cleveland|automotive|M|
copperline-turbine|Copperline Turbine Repair|houston|energy|S|
larkhaven|Larkhaven Pump & Seal|milwaukee|fluid|M|
ninebark-motion|Ninebark Motion Systems|sanjose|semiconductor|M|
fallowgate|Fallowgate Agricultural Equipment|minneapolis|agriculture|L|
stonepathmold|Stonepath Mold & Die|detroit|tooling|S|
thistledown-robotics|Thistledown Robotics|boston|semiconductor|S|
ashgroverail|Ashgrove Rail Components|chicago|rail|M|
merrowby|Merrowby Fasteners|columbus|automotive|M|
ketterby|Ketterby Energy Services|houston|energy|L|
blueheron-prototypes|Blue Heron Prototyping|portland|jobshop|S|
vantry|Vantry Wafer Fixtures|sanjose|semiconductor|S|
ironwick|Ironwick Contract Machining|charlotte|jobshop|S|
grandportage|Grand Portage Forging|hamilton|energy|M|
pellworth|Pellworth Instruments|leeds|optics|S|
eschenried|Eschenried Präzisionstechnik GmbH|munich|aerospace|M|
walzbach|Walzbach Getriebebau GmbH|berlin|automotive|L|
hollerbruck|Hollerbruck Werkzeugbau GmbH|hamburg|tooling|S|
corvaisiere|Ateliers Corvaisière SAS|lyon|aerospace|M|
valsonniere|Mécanique de la Valsonnière SARL|nantes|marine|S|
urrizolaga|Talleres Urrizolaga S.L.|bilbao|tooling|S|
jiheng|上海霁恒精密机械有限公司|shanghai|jobshop|M|
licen|苏州砺岑集团有限公司|suzhou|diversified|XL|
licen-auto|苏州砺岑汽车零部件有限公司|suzhou|automotive|L|licen
licen-wuxi|无锡砺岑传动轴有限公司|wuxi|automotive|M|licen-auto
muduo|宁波沐铎模具有限公司|ningbo|tooling|M|
hengyu-jm|东莞衡屿精密五金有限公司|dongguan|jobshop|S|
xiaoheng|深圳骁珩自动化设备有限公司|shenzhen|semiconductor|M|
huanyue-hk|西安桓钺航空部件有限公司|xian|aerospace|L|
shuolan|成都朔岚航空制造有限公司|chengdu|aerospace|M|
yucheng-zj|沈阳昱铖重型机械配件有限公司|shenyang|energy|M|
junche|大连钧澈船用设备有限公司|dalian|marine|M|
lanyan|武汉澜砚光电有限公司|wuhan|optics|M|
mingyuan-cd|重庆铭垣传动有限公司|chongqing|automotive|M|
tingchuan|青岛汀川液压有限公司|qingdao|fluid|M|
ruicheng-zc|常州锐埕轴承有限公司|changzhou|automotive|M|
qirong|佛山启嵘压铸有限公司|foshan|automotive|S|
dingyan|天津鼎砚阀门有限公司|tianjin|fluid|S|
linghe|杭州崚禾医疗器械有限公司|hangzhou|medical|M|
chenli|上海宸砾半导体设备有限公司|shanghai|semiconductor|L|
yueshi|广州岳湜轨道交通装备有限公司|guangzhou|rail|L|
`

/** Companies of Acme's leads: domain|company|city|industry. All made up. */
export const ACME_LEADS = `
bexleyturned|Bexley Turned Parts|columbus|jobshop
cinderpath|Cinderpath Forge & Machine|cleveland|energy
oakmontdental|Oakmont Hollow Dental Components|minneapolis|medical
gullwingcomposites|Gullwing Point Composites|everett|aerospace
marlowbrake|Marlowbrook Brake Systems|detroit|automotive
rookery|Rookery Lane Gauges|london|optics
sandhillirrigation|Sandhill Crane Irrigation|wichita|agriculture
trestlework|Trestlework Rail Services|chicago|rail
emberglow|Emberglow Heat Exchangers|houston|energy
foxglove-micro|Foxglove Micro Machining|sanjose|semiconductor
holtwarren|Holt & Warren Patternmakers|hamilton|tooling
kestrelcove|Kestrel Cove Boatworks|portland|marine
peatfield|Peatfield Hydraulics Repair|milwaukee|fluid
riverbirch|River Birch Prosthetics|boston|medical
silverlarch|Silver Larch Extrusion Dies|charlotte|tooling
wrenhouse|Wrenhouse Clock & Instrument|birmingham|optics
steinmark-zer|Steinmarker Zerspanung GmbH|hamburg|jobshop
belcastel-meca|Belcastel Micromécanique SAS|lyon|optics
xumo|合肥旭陌新能源部件有限公司|hefei|energy
yongze-jx|宁波甬泽紧固件有限公司|ningbo|automotive
zhuoyi-mj|东莞灼屹模具有限公司|dongguan|tooling
kuiyuan|长沙夔垣工程机械有限公司|changsha|agriculture
luoqing|厦门珞青精密部件有限公司|xiamen|jobshop
suiyan|南京穗砚仪器有限公司|nanjing|optics
`

/** Industries of Acme's customers. */
export const ACME_INDUSTRIES: Record<string, IndustrySeed> = {
  diversified: {
    label: 'Diversified industrial',
    about: [
      'Holding company; capital budgets above one machine are approved here.',
      'Group purchasing sits at head office and negotiates frame contracts once a year.',
    ],
  },
  aerospace: {
    label: 'Aerospace',
    about: [
      'Structural parts in aluminum and titanium, mostly five-axis work.',
      'Engine brackets and housings; every machine has to pass a capability study before release.',
    ],
  },
  automotive: {
    label: 'Automotive',
    about: [
      'High-volume turned parts, three shifts, robot loading wanted on every new cell.',
      'Gears and shafts; electric drivetrain parts are the growing share.',
    ],
  },
  tooling: {
    label: 'Tool and die',
    about: [
      'Injection molds up to two tons, hardened steel, surface finish is what they buy for.',
      'Stamping dies and fixtures, small batches, short lead times.',
    ],
  },
  medical: {
    label: 'Medical devices',
    about: [
      'Implants and instruments; validation documents are as important as the machine.',
      'Small titanium and cobalt-chrome parts, clean-room packing next door.',
    ],
  },
  jobshop: {
    label: 'Contract machining',
    about: [
      'Owner-run shop, lots of one to two hundred, buys when a spindle is full for a month.',
      'Contract machining for a dozen regular customers; price matters, uptime matters more.',
    ],
  },
  fluid: {
    label: 'Fluid power',
    about: [
      'Valve bodies and manifolds in cast iron and stainless steel.',
      'Pumps and seals; the old transfer line is due for replacement by machining centers.',
    ],
  },
  energy: {
    label: 'Energy',
    about: [
      'Repairs turbine casings and rotors on site and in the shop.',
      'Large flanges and housings, needs travel and table load before speed.',
    ],
  },
  semiconductor: {
    label: 'Semiconductor equipment',
    about: [
      'Vacuum chambers and fixtures in aluminum, tight flatness, no burrs.',
      'Motion stages and fixtures; grows fast and orders late.',
    ],
  },
  optics: {
    label: 'Optics and instruments',
    about: [
      'Lens mounts and instrument housings, thin walls, fine threads.',
      'Measuring instruments in small series; temperature control of the hall is good.',
    ],
  },
  marine: {
    label: 'Marine equipment',
    about: [
      'Propeller shafts and gear housings, long turning work.',
      'Deck machinery and winches, seasonal order book.',
    ],
  },
  agriculture: {
    label: 'Agricultural and construction machinery',
    about: [
      'Axles and gearboxes for tractors; invests after the harvest.',
      'Heavy welded frames that need boring and facing in one set-up.',
    ],
  },
  rail: {
    label: 'Rail equipment',
    about: [
      'Brake and bogie components under long supply contracts.',
      'Wheelset parts; tenders are public and take a year.',
    ],
  },
}
