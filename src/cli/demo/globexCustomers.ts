import type { IndustrySeed } from './profile.ts'

/** Customers of Globex: domain|name|city|industry|size|domain of the parent. All made up. */
export const GLOBEX_ACCOUNTS = `
yingyuan|瀛垣控股集团有限公司|hangzhou|group|XL|
yingyuan-retail|杭州瀛垣零售有限公司|hangzhou|retail|L|yingyuan
yingyuan-nb|宁波瀛垣便利连锁有限公司|ningbo|retail|M|yingyuan-retail
yingyuan-wl|杭州瀛垣供应链管理有限公司|hangzhou|logistics|M|yingyuan
suirong|广州穗嵘食品集团有限公司|guangzhou|food|XL|
suirong-dairy|广州穗嵘乳业有限公司|guangzhou|food|L|suirong
suirong-fs|佛山穗嵘乳品加工有限公司|foshan|food|M|suirong-dairy
suirong-cold|广州穗嵘冷链物流有限公司|guangzhou|logistics|M|suirong
lanyao|北京澜曜能源集团有限公司|beijing|energy|XL|
lanyao-ne|北京澜曜新能源科技有限公司|beijing|energy|L|lanyao
lanyao-tj|天津澜曜储能有限公司|tianjin|energy|M|lanyao-ne
chengke|上海澄轲汽车零部件有限公司|shanghai|manufacturing|L|
moxi-bio|苏州沫熙生物医药有限公司|suzhou|medical|M|
jinglue|南京璟略教育科技有限公司|nanjing|education|M|
haoting|深圳颢汀智能硬件有限公司|shenzhen|electronics|L|
ruoxu|东莞若煦电子有限公司|dongguan|electronics|M|
yanzhou-lx|成都砚舟旅行社有限公司|chengdu|services|S|
xinyue-jj|武汉歆樾家居有限公司|wuhan|retail|M|
tuoye|长沙拓邺工程机械有限公司|changsha|manufacturing|L|
heying-fz|青岛禾颍服装有限公司|qingdao|manufacturing|M|
mingqu|济南洺渠水务有限公司|jinan|energy|M|
qianxun-wl|郑州芊荀物流有限公司|zhengzhou|logistics|M|
baiyu-yl|西安柏聿医疗管理有限公司|xian|medical|M|
luoze|重庆珞泽摩托车配件有限公司|chongqing|manufacturing|M|
zhenlu|沈阳臻麓装备制造有限公司|shenyang|manufacturing|L|
haiyue-sp|大连海玥水产有限公司|dalian|food|M|
wanshu|合肥皖澍农业科技有限公司|hefei|food|S|
lujia-cm|厦门鹭珈传媒有限公司|xiamen|services|S|
yuanqi-zx|北京沅祁管理咨询有限公司|beijing|services|S|
ruiyu-bx|上海睿屿保险经纪有限公司|shanghai|finance|M|
hengbo-zl|天津珩铂融资租赁有限公司|tianjin|finance|M|
shuyun-jr|深圳澍昀小额贷款有限公司|shenzhen|finance|S|
cenxi-yx|无锡岑溪影像设备有限公司|wuxi|medical|M|
tengluo|常州藤洛新材料有限公司|changzhou|manufacturing|M|
muchen-jz|宁波沐宸建筑设计有限公司|ningbo|services|S|
xingzhi-jy|广州星芷幼教连锁有限公司|guangzhou|education|M|
baozhu-sm|上海葆竹商贸有限公司|shanghai|retail|S|
zhaoyi-rj|成都昭弈游戏科技有限公司|chengdu|electronics|M|
guyu-yc|武汉谷屿药材有限公司|wuhan|medical|S|
langqiao|佛山琅峤陶瓷有限公司|foshan|manufacturing|M|
yunzhan-hk|西安芸湛航空服务有限公司|xian|services|M|
fengze-wj|杭州沣则五金电商有限公司|hangzhou|retail|S|
gruenhagel|Grünhagel Logistik AG|hamburg|logistics|L|
gruenhagel-sued|Grünhagel Logistik Süd GmbH|munich|logistics|M|gruenhagel
moenkeberger|Mönkeberger Haushaltsgeräte GmbH|berlin|manufacturing|L|
suessholz|Süßholz & Döbler Feinkost KG|hamburg|food|S|
etoile-levant|Étoilelevant Cosmétiques SAS|paris|retail|M|
chataignier|Maison Châtaigneraie SARL|lyon|food|S|
oceanvert|Océanvert Énergies SAS|nantes|energy|M|
crepin-freres|Crépinoy Frères Logistique SAS|lyon|logistics|M|
penalosa|Peñalosilla Cerámica S.A.|barcelona|manufacturing|M|
aguasclaras|Viñedos Aguaslentas S.L.|bilbao|food|S|
nunezveloz|Núñez y Velázar Transportes S.L.|madrid|logistics|M|
elmsgate|Elmsgate Homewares Ltd|london|retail|M|
tarnwater|Tarnwater Clinics Ltd|leeds|medical|M|
bramblecroft|Bramblecroft Toys Ltd|birmingham|retail|S|
pinemarten|Pinemarten Outdoor Supply|portland|retail|M|
cobaltbay|Cobalt Bay Electronics Import|sanjose|electronics|M|
meadowlark|Meadowlark Family Dental Network|minneapolis|medical|M|
rivetandoak|Rivet & Oak Furniture|charlotte|retail|S|
`

/** Companies of Globex's leads: domain|company|city|industry. All made up. */
export const GLOBEX_LEADS = `
yaoling|南京曜翎快递有限公司|nanjing|logistics
qiaoran|苏州乔苒母婴用品有限公司|suzhou|retail
junshi-jx|无锡珺石机械有限公司|wuxi|manufacturing
heshan-nc|合肥禾杉农产品有限公司|hefei|food
tanyue|上海覃跃健身管理有限公司|shanghai|services
weilan-hb|天津蔚岚环保工程有限公司|tianjin|energy
mobei-pf|北京墨焙烘焙连锁有限公司|beijing|food
siyuan-jy|郑州思沅职业培训学校|zhengzhou|education
zhuoyan|深圳卓砚传感器有限公司|shenzhen|electronics
luming-yy|西安鹿茗医院管理有限公司|xian|medical
qingtan|成都青郯茶业有限公司|chengdu|food
hanze-zb|济南瀚则装备有限公司|jinan|manufacturing
xuyao-dc|厦门旭垚电池材料有限公司|xiamen|energy
linzhou-kj|杭州麟洲跨境电商有限公司|hangzhou|retail
keyu-gd|长沙科毓光电有限公司|changsha|electronics
baitang|广州柏棠酒店管理有限公司|guangzhou|services
duanmu-sj|宁波端沐设计有限公司|ningbo|services
qiyun-hy|青岛琦耘海运代理有限公司|qingdao|logistics
kraehenwinkel|Krähenwinkler Möbelhaus GmbH|munich|retail
tuilerie|Tuilerie du Prévent SAS|paris|manufacturing
sanyague|Clínicas Sanyagüe S.L.|madrid|medical
foxhollow|Fox Hollow Garden Centres Ltd|leeds|retail
larkspurdesk|Larkspur Desk & Lamp|boston|retail
birchline|Birchline Freight Brokers|chicago|logistics
`

/** Industries of Globex's customers. */
export const GLOBEX_INDUSTRIES: Record<string, IndustrySeed> = {
  group: { label: '多元化集团', about: ['集团统一选型，子公司各自签约；信息化预算每年十一月编制。'] },
  retail: {
    label: '零售',
    about: ['门店分布在三个省，会员和库存目前各用一套系统。', '线上线下同时经营，大促期间订单量是平时的八倍。'],
  },
  logistics: { label: '物流', about: ['干线和仓储为主，司机端需要手机审批。', '冷链运输，温控数据希望接入客户门户。'] },
  food: { label: '食品饮料', about: ['经销商三百余家，费用核销靠表格，急需上线。', '产品保质期短，要求批次可追溯。'] },
  energy: { label: '能源环保', about: ['项目制管理，合同与回款跟踪是重点。', '站点分散，现场人员多，要求离线可用。'] },
  manufacturing: {
    label: '制造业',
    about: [
      '订单小批量多品种，销售与计划部门信息不同步。',
      '已有 ERP，希望客户管理与其对接。',
      '三个厂区，售后备件占收入两成。',
    ],
  },
  medical: {
    label: '医疗健康',
    about: ['对数据安全要求高，倾向私有化部署。', '学术推广和渠道并行，拜访记录要合规留痕。'],
  },
  education: { label: '教育培训', about: ['校区招生线索量大，分配规则复杂。', '续费率是核心指标，要求自动提醒。'] },
  electronics: {
    label: '电子信息',
    about: ['海外客户占六成，需要英文界面与多币种报价。', '研发型企业，样品申请流程长。'],
  },
  services: { label: '商务服务', about: ['团队三十人左右，先从销售模块用起。', '按项目结算，工时与合同需要关联。'] },
  finance: { label: '金融服务', about: ['合规部门参与选型，审计日志必须完整。', '客户经理流动较大，交接是痛点。'] },
}
