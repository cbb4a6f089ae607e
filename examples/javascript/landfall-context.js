/**
 * The regional context: who asks, where, with what. One file, no dependency: copy it.
 *
 *     const person = regionalContext({ userId: 'u-1', accountCountry: 'SGP', platform: 'iOS', osVersion: '18' });
 *     unleash.isEnabled('wallet.p2p-transfer', person.unleash());
 *     await OpenFeature.setContext(person.ofrep());
 *
 * Landfall reads many spellings; SDKs that decide by themselves compare texts. This writes the one
 * spelling that both read alike: countries as alpha-2, versions with three parts, one field for a
 * place instead of all the evidence. It decides nothing, asks nobody and reads no clock. The same
 * in Python: examples/python/landfall_context.py; both are held to examples/context-vectors.json.
 */

// What stands in for a place, in the order in which it is believed.
const ACCOUNT = ['accountCountry', 'phoneCountry'];
const LOCATION = ['locationCountry', 'gpsCountry', 'networkCountry', 'ipCountry'];
const STOREFRONT = ['storefrontCountry'];
const UNKNOWN = new Set(['', 'XX', 'ZZ']);
const VERSION = /^([0-9]{1,19}(?:\.[0-9]{1,19}){0,4})((?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$/;
const OWN_NAMES = new Set([
  'userId', 'targetingKey', 'sessionId', 'properties', ...ACCOUNT, ...LOCATION, ...STOREFRONT,
  'participantCountries', 'city', 'subdivision', 'platform', 'osVersion', 'appVersion', 'locale', 'age',
  'consents', 'clusters', 'enrolled', 'walletCurrency', 'profile', 'timeZone', 'accountTimeZone',
]);

/** Build the context of a person; leave out what is not known, never guess. */
export function regionalContext(evidence = {}) {
  const fields = {
    ...place(ACCOUNT, evidence),
    ...place(LOCATION, evidence),
    ...place(STOREFRONT, evidence),
    participantCountries: countries(evidence.participantCountries),
    city: tidy(evidence.city),
    subdivision: tidy(evidence.subdivision).toUpperCase(),
    platform: tidy(evidence.platform).toLowerCase(),
    osVersion: version(evidence.osVersion),
    appVersion: version(evidence.appVersion),
    locale: locale(evidence.locale),
    age: years(evidence.age),
    consents: names(evidence.consents),
    clusters: names(evidence.clusters),
    enrolled: evidence.enrolled,
    walletCurrency: tidy(evidence.walletCurrency).toUpperCase(),
    profile: tidy(evidence.profile),
    timeZone: tidy(evidence.timeZone),
    accountTimeZone: tidy(evidence.accountTimeZone),
  };
  for (const [name, value] of Object.entries(evidence.more ?? {})) {
    if (OWN_NAMES.has(name)) {
      throw new TypeError(`${name} has a field of its own; it does not belong into more.`);
    }
    fields[name] = typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
  }
  const identity = (key) => ({
    ...(evidence.userId ? { [key]: evidence.userId } : {}),
    ...(evidence.sessionId ? { sessionId: evidence.sessionId } : {}),
  });
  const attributes = Object.fromEntries(Object.entries(fields).filter(([, value]) => isGiven(value)));
  return {
    userId: evidence.userId || undefined,
    sessionId: evidence.sessionId || undefined,
    attributes,
    /** The context of an Unleash SDK: identity on top, texts in `properties`. */
    unleash: () => ({
      ...identity('userId'),
      properties: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, String(value)])),
    }),
    /** The context of an OpenFeature client, or of an OFREP request without an SDK. */
    ofrep: () => ({ ...identity('targetingKey'), ...attributes }),
  };
}

// One field for a place: the first evidence that is a country. What is no country is sent as it
// is, with what comes after it: Landfall then closes what must not be open for somebody whose
// country cannot be read.
function place(order, evidence) {
  const unreadable = {};
  for (const name of order) {
    const code = country(evidence[name]);
    if (code) return Object.keys(unreadable).length ? { ...unreadable, [name]: code } : { [order[0]]: code };
    const text = tidy(evidence[name]);
    if (!UNKNOWN.has(text.toUpperCase())) unreadable[name] = text;
  }
  return unreadable;
}

function country(text) {
  const code = tidy(text).toUpperCase();
  return ALPHA_2.has(code) ? code : (WRITTEN.get(code) ?? '');
}

// Sorted codes; an entry that is no country stays, for Landfall to see.
function countries(texts) {
  return [...new Set(names(texts).map((name) => country(name) || name))].sort();
}

// Sorted names, each once; a text may hold several, with commas.
function names(texts = []) {
  const listed = typeof texts === 'string' ? [texts] : [...(texts ?? [])];
  return [...new Set(listed.flatMap((text) => text.split(',')).map(tidy))].filter(Boolean).sort();
}

// Exactly three parts: SDKs read `18.0` as no version at all.
function version(text) {
  const found = VERSION.exec(tidy(text));
  if (!found) return tidy(text);
  const parts = found[1].split('.').map((part) => part.replace(/^0+(?=.)/, ''));
  return [...parts, '0', '0'].slice(0, 3).join('.') + found[2];
}

// `zh-Hant-HK` for `zh_hant_hk`; what systems hang behind a point or @ is dropped.
function locale(text) {
  const [first, ...rest] = tidy(text).split(/[.@]/, 1)[0].replaceAll('_', '-').split('-');
  return [first.toLowerCase(), ...rest.map(subtag)].join('-');
}

function subtag(part) {
  if (/^[A-Za-z]{4}$/.test(part)) return part[0].toUpperCase() + part.slice(1).toLowerCase();
  return /^[A-Za-z]{2}$/.test(part) ? part.toUpperCase() : part.toLowerCase();
}

// Whole years; what is no age is unknown, which counts as too young.
function years(age) {
  return Number.isFinite(age) && age >= 0 && age <= 200 ? Math.floor(age) : undefined;
}

function isGiven(value) {
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && !value.length);
}

function tidy(text) {
  return (text ?? '').trim();
}

// ISO 3166-1: alpha-3 with the alpha-2 behind it, then withdrawn codes that have one successor.
const CODES = `
ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATAAQ ATFTF ATGAG AUSAU
AUTAT AZEAZ BDIBI BELBE BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ
BMUBM BOLBO BRABR BRBBB BRNBN BTNBT BURMM BVTBV BWABW CAFCF CANCA CCKCC CHECH CHLCL CHNCN
CIVCI CMRCM CODCD COGCG COKCK COLCO COMKM CPVCV CRICR CUBCU CUWCW CXRCX CYMKY CYPCY CZECZ
DDRDE DEUDE DJIDJ DMADM DNKDK DOMDO DZADZ ECUEC EGYEG ERIER ESHEH ESPES ESTEE ETHET FINFI
FJIFJ FLKFK FRAFR FROFO FSMFM FXXFR GABGA GBRGB GEOGE GGYGG GHAGH GIBGI GINGN GLPGP GMBGM
GNBGW GNQGQ GRCGR GRDGD GRLGL GTMGT GUFGF GUMGU GUYGY HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU
IDNID IMNIM INDIN IOTIO IRLIE IRNIR IRQIQ ISLIS ISRIL ITAIT JAMJM JEYJE JORJO JPNJP KAZKZ
KENKE KGZKG KHMKH KIRKI KNAKN KORKR KWTKW LAOLA LBNLB LBRLR LBYLY LCALC LIELI LKALK LSOLS
LTULT LUXLU LVALV MACMO MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH MKDMK MLIML MLTMT
MMRMM MNEME MNGMN MNPMP MOZMZ MRTMR MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA NCLNC NERNE
NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR NZLNZ OMNOM PAKPK PANPA PCNPN PERPE PHLPH
PLWPW PNGPG POLPL PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA REURE ROURO RUSRU RWARW SAUSA
SDNSD SENSN SGPSG SGSGS SHNSH SJMSJ SLBSB SLESL SLVSV SMRSM SOMSO SPMPM SRBRS SSDSS STPST
SURSR SVKSK SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC TCDTD TGOTG THATH TJKTJ TKLTK TKMTM
TLSTL TMPTL TONTO TTOTT TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA UMIUM URYUY USAUS UZBUZ
VATVA VCTVC VENVE VGBVG VIRVI VNMVN VUTVU WLFWF WSMWS YEMYE YMDYE ZAFZA ZARCD ZMBZM ZWEZW
`;
const WITHDRAWN = `
BUMM CTKI DDDE DYBJ FXFR HVBF JTUM MIUM NHVU NQAQ PUUM PZPA RHZW TPTL UKGB VDVN WKUM YDYE
ZRCD
`;
const ALPHA_2 = new Set(CODES.trim().split(/\s+/).map((code) => code.slice(3)));
const WRITTEN = new Map((CODES + WITHDRAWN).trim().split(/\s+/).map((code) => [code.slice(0, -2), code.slice(-2)]));
