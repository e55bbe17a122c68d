"""Contains all the data models used in inputs/outputs"""

from .advice import Advice
from .answer import Answer
from .batch_answer import BatchAnswer
from .batch_item import BatchItem
from .box import Box
from .class_quality import ClassQuality
from .classification import Classification
from .classification_probabilities import ClassificationProbabilities
from .classification_region import ClassificationRegion
from .classify_batch_body import ClassifyBatchBody
from .classify_batch_faces import ClassifyBatchFaces
from .classify_batch_region import ClassifyBatchRegion
from .classify_body import ClassifyBody
from .classify_faces import ClassifyFaces
from .classify_region import ClassifyRegion
from .crop_info import CropInfo
from .estimate import Estimate
from .health import Health
from .health_status import HealthStatus
from .image_size import ImageSize
from .label_info import LabelInfo
from .live_response_live import LiveResponseLive
from .model_info import ModelInfo
from .model_info_dataset import ModelInfoDataset
from .model_info_metrics import ModelInfoMetrics
from .model_list import ModelList
from .model_reference import ModelReference
from .network_info import NetworkInfo
from .network_info_arithmetic import NetworkInfoArithmetic
from .person import Person
from .person_probabilities import PersonProbabilities
from .person_regions_item import PersonRegionsItem
from .problem import Problem
from .quality import Quality
from .quality_classes import QualityClasses
from .timings import Timings
from .unusable_eye import UnusableEye
from .unusable_eye_region import UnusableEyeRegion

__all__ = (
    "Advice",
    "Answer",
    "BatchAnswer",
    "BatchItem",
    "Box",
    "Classification",
    "ClassificationProbabilities",
    "ClassificationRegion",
    "ClassifyBatchBody",
    "ClassifyBatchFaces",
    "ClassifyBatchRegion",
    "ClassifyBody",
    "ClassifyFaces",
    "ClassifyRegion",
    "ClassQuality",
    "CropInfo",
    "Estimate",
    "Health",
    "HealthStatus",
    "ImageSize",
    "LabelInfo",
    "LiveResponseLive",
    "ModelInfo",
    "ModelInfoDataset",
    "ModelInfoMetrics",
    "ModelList",
    "ModelReference",
    "NetworkInfo",
    "NetworkInfoArithmetic",
    "Person",
    "PersonProbabilities",
    "PersonRegionsItem",
    "Problem",
    "Quality",
    "QualityClasses",
    "Timings",
    "UnusableEye",
    "UnusableEyeRegion",
)
