// Classify one photo from an Android app or the JVM.
// Needs com.squareup.okhttp3:okhttp, org.jetbrains.kotlinx:kotlinx-serialization-json and the compiler plugin
// org.jetbrains.kotlin.plugin.serialization.
import java.io.IOException
import kotlinx.serialization.Serializable
import kotlinx.serialization.decodeFromString
import kotlinx.serialization.json.Json
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.MultipartBody
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody

@Serializable
data class Verdict(val region: String, val title: String, val confidence: Double, val certain: Boolean)

@Serializable
data class Answer(val results: List<Verdict>)

@Serializable
data class Problem(val title: String, val detail: String, val code: String)

class Refused(val problem: Problem) : IOException("${problem.title}: ${problem.detail}")

class Classifier(private val service: String, private val http: OkHttpClient = OkHttpClient()) {
    private val json = Json { ignoreUnknownKeys = true }

    /** `photo`: the bytes of a JPEG, PNG or WebP file. Blocks: call it off the main thread. */
    fun classify(photo: ByteArray): Answer {
        val form = MultipartBody.Builder()
            .setType(MultipartBody.FORM)
            .addFormDataPart("image", "photo.jpg", photo.toRequestBody("image/jpeg".toMediaType()))
            .build()
        val request = Request.Builder().url("$service/v1/classify").post(form).build()
        http.newCall(request).execute().use { response ->
            val text = response.body!!.string()
            if (!response.isSuccessful) throw Refused(json.decodeFromString<Problem>(text))
            return json.decodeFromString<Answer>(text)
        }
    }
}
