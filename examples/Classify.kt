// Classify one photo from an Android app or the JVM.
// Needs com.squareup.okhttp3:okhttp, org.jetbrains.kotlinx:kotlinx-serialization-json and the compiler plugin
// org.jetbrains.kotlin.plugin.serialization.
import java.io.IOException
import java.util.concurrent.TimeUnit
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.decodeFromString
import kotlinx.serialization.json.Json
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.MultipartBody
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody

@Serializable
data class Verdict(val region: String, val title: String, val confidence: Double, val certain: Boolean)

/** An eye that has no answer: closed, or hidden. [detail] is a sentence for whoever took the photo. */
@Serializable
data class Unusable(val region: String, val code: String, val detail: String)

@Serializable
data class Answer(val results: List<Verdict>, val unusable: List<Unusable>)

@Serializable
data class Problem(val title: String, val detail: String, val code: String)

class Refused(val problem: Problem) : IOException("${problem.title}: ${problem.detail}")

// OkHttp waits for ten seconds by itself; the service may take thirty, and says so.
private val patient = OkHttpClient.Builder().readTimeout(35, TimeUnit.SECONDS).build()

class Classifier(private val service: String, private val http: OkHttpClient = patient) {
    private val json = Json { ignoreUnknownKeys = true }

    /**
     * `photo`: the bytes of a JPEG, PNG or WebP file. Blocks: call it off the main thread.
     *
     * Throws [Refused] where the service refuses the photo, any other [IOException] where no answer of the service came.
     */
    fun classify(photo: ByteArray): Answer {
        val form = MultipartBody.Builder()
            .setType(MultipartBody.FORM)
            .addFormDataPart("image", "photo.jpg", photo.toRequestBody("image/jpeg".toMediaType()))
            .build()
        val request = Request.Builder().url("$service/v1/classify").post(form).build()
        return http.newCall(request).execute().use { response ->
            val text = response.body!!.string()
            try {
                if (!response.isSuccessful) throw Refused(json.decodeFromString<Problem>(text))
                json.decodeFromString<Answer>(text)
            } catch (error: SerializationException) {
                // What stands between may answer for the service, a proxy for instance, and in HTML.
                throw IOException("Expected an answer of the service. Received: status ${response.code}", error)
            }
        }
    }
}
