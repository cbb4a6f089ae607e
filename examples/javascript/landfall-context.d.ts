/** What you know of a person; leave out what you do not know. Countries: alpha-2 or alpha-3, any case. */
export interface Evidence {
  /** Rollouts stick to it. */
  userId?: string;
  sessionId?: string;
  /** The verified country of the account; else that of its phone number. */
  accountCountry?: string;
  phoneCountry?: string;
  /** Where the device is; else what stands in for it, in this order. */
  locationCountry?: string;
  gpsCountry?: string;
  networkCountry?: string;
  ipCountry?: string;
  /** Whose app store. */
  storefrontCountry?: string;
  /** The others in the chat or call; a list, or one text with commas. */
  participantCountries?: string | Iterable<string>;
  city?: string;
  /** ISO 3166-2, such as CA-QC. */
  subdivision?: string;
  platform?: string;
  osVersion?: string;
  appVersion?: string;
  /** BCP 47, such as zh-Hant-HK. */
  locale?: string;
  /** In years; unknown counts as too young. */
  age?: number;
  consents?: string | Iterable<string>;
  clusters?: string | Iterable<string>;
  /** Believed where definitions are evaluated in your own server. */
  enrolled?: boolean;
  walletCurrency?: string;
  profile?: string;
  /** IANA names, such as America/New_York. */
  timeZone?: string;
  accountTimeZone?: string;
  /** Whatever your own targeting asks about, under the names that it has there. */
  more?: Record<string, string | number | boolean | null | undefined>;
}

export type Attribute = string | number | boolean | string[];

export interface RegionalContext {
  readonly userId: string | undefined;
  readonly sessionId: string | undefined;
  /** What OpenFeature calls attributes. */
  readonly attributes: Record<string, Attribute>;
  /** The context of an Unleash SDK. */
  unleash(): { userId?: string; sessionId?: string; properties: Record<string, string> };
  /** The context of an OpenFeature client, or of an OFREP request without an SDK. */
  ofrep(): { targetingKey?: string; sessionId?: string } & Record<string, Attribute>;
}

/** Build the context of a person; it decides nothing, asks nobody and reads no clock. */
export function regionalContext(evidence?: Evidence): RegionalContext;
