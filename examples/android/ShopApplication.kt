// The official unleash-android SDK (io.getunleash:unleash-android 1.x). Not run here.
package example.shop

import android.app.Application
import android.content.Context
import android.os.Build
import android.telephony.TelephonyManager
import io.getunleash.android.DefaultUnleash
import io.getunleash.android.UnleashConfig
import io.getunleash.android.data.UnleashContext
import io.getunleash.android.events.UnleashStateListener
import java.util.Locale
import java.util.TimeZone

class ShopApplication : Application() {
    lateinit var unleash: DefaultUnleash
        private set

    override fun onCreate() {
        super.onCreate()
        unleash = DefaultUnleash(
            androidContext = this,
            unleashConfig = UnleashConfig.newBuilder(appName = "shop")
                .proxyUrl("http://10.0.2.2:8000/api/frontend") // the emulator's name for your machine
                .clientKey("superapp:production.demo-frontend")
                .pollingStrategy.interval(60_000)
                .metricsStrategy.interval(60_000)
                .build(),
            unleashContext = regionalContext(user = null),
        )
        unleash.start(
            eventListeners = listOf(object : UnleashStateListener {
                override fun onStateChanged() = Unit // redraw what depends on a feature
            }),
        )
    }

    /** Somebody signed in, or out: ask as them. */
    fun onAccountChanged(user: Account?) = unleash.setContextAsync(regionalContext(user))

    fun canSendMoney(): Boolean = unleash.isEnabled("wallet.p2p-transfer") // unknown is off

    /** The same fields as examples/javascript/landfall-context.js writes. */
    private fun regionalContext(user: Account?): UnleashContext {
        val phone = getSystemService(Context.TELEPHONY_SERVICE) as TelephonyManager
        val context = UnleashContext.newBuilder()
            .addProperty("platform", "android")
            .addProperty("osVersion", threeParts(Build.VERSION.RELEASE))
            .addProperty("appVersion", threeParts(packageManager.getPackageInfo(packageName, 0).versionName ?: ""))
            .addProperty("locale", Locale.getDefault().toLanguageTag())
            .addProperty("timeZone", TimeZone.getDefault().id)
        // The network's country, alpha-2 in small letters; empty without a network.
        phone.networkCountryIso.uppercase(Locale.ROOT).takeIf { it.length == 2 }
            ?.let { context.addProperty("locationCountry", it) }
        user?.let {
            context.userId(it.id).addProperty("accountCountry", it.country).addProperty("age", it.age.toString())
        }
        return context.build()
    }

    /** `15` is `15.0.0`. */
    private fun threeParts(version: String): String = (version.split(".") + listOf("0", "0")).take(3).joinToString(".")
}

/** What your own account service knows; `country` is alpha-2. */
data class Account(val id: String, val country: String, val age: Int)
