// The official UnleashProxyClientSwift SDK (2.x, iOS 13 and later). Not run here.
import StoreKit
import UIKit
import UnleashProxyClientSwift

@MainActor
final class Shop {
    let unleash = UnleashProxyClientSwift.UnleashClient(
        unleashUrl: "http://127.0.0.1:8000/api/frontend",
        clientKey: "superapp:production.demo-frontend",
        refreshInterval: 60,
        appName: "shop"
    )

    func start() async throws {
        unleash.subscribe(.update) { /* redraw what depends on a feature */ }
        try await unleash.start()
        await ask(as: nil)
    }

    /// Somebody signed in, or out: ask as them.
    func ask(as account: Account?) async {
        var identity: [String: String] = [:]
        if let account { identity["userId"] = account.id }
        let properties = await regionalProperties(of: account)
        try? await unleash.updateContext(context: identity, properties: properties)
    }

    /// Unknown is off.
    func canSendMoney() -> Bool { unleash.isEnabled(name: "wallet.p2p-transfer") }

    /// The same fields as examples/javascript/landfall-context.js writes.
    private func regionalProperties(of account: Account?) async -> [String: String] {
        let app = Bundle.main.object(forInfoDictionaryKey: "CFBundleShortVersionString") as? String
        var properties = [
            "platform": "ios",
            "osVersion": threeParts(UIDevice.current.systemVersion),
            "appVersion": threeParts(app ?? ""),
            "locale": Locale.preferredLanguages.first ?? "en",
            "timeZone": TimeZone.current.identifier,
        ]
        // StoreKit (iOS 15) says alpha-3, such as USA; Landfall reads both.
        if #available(iOS 15.0, *), let store = await Storefront.current {
            properties["storefrontCountry"] = store.countryCode
        }
        if let account {
            properties["accountCountry"] = account.country
            properties["age"] = String(account.age)
        }
        return properties
    }

    /// `18.0` is `18.0.0`.
    private func threeParts(_ version: String) -> String {
        (version.split(separator: ".").map(String.init) + ["0", "0"]).prefix(3).joined(separator: ".")
    }
}

/// What your own account service knows; `country` is alpha-2.
struct Account {
    let id: String
    let country: String
    let age: Int
}
