"""What a human chose about limits: which evaluators judge here, by which text, with which deduction.

There are no defaults for the law: a posted limit's basis depends on the class of the road and is
settled per site with the authority that acts there.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from edge_agent.core.civil import IsoDate
from edge_agent.core.settings import Settings

# In-service maximum permissible error of OIML R134 / JJG 907 vehicle-mass classes, permille.
MPE_IN_SERVICE_PERMILLE = {"0.2": 2, "0.5": 5, "1": 10, "2": 20, "5": 50, "10": 100}

LEAST_POSTED_KG = 1_000  # the lightest signs say some tonnes


class DeductionSettings(Settings):
    """What is taken off the measured weight before it is compared. No national text fixes one."""

    mode: Literal["none", "percent", "mpe_class", "kg"] = "none"
    """percent: raw × (1 − value/100), the reading that favours the driver; mpe_class: the in-service
    maximum permissible error of accuracy class `value`; kg: a fixed mass."""
    value: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    """Percent (steps of 0.1, below 100), accuracy class (0.2, 0.5, 1, 2, 5, 10) or kilograms, by `mode`."""
    legal_ref: str = ""
    """The text that orders or allows the deduction; required unless mode is none."""

    @model_validator(mode="after")
    def _meaningful(self) -> Self:
        if self.mode == "none":
            if self.value != 0 or self.legal_ref:
                raise ValueError("mode is none, so value and legal_ref must be left out")
            return self
        if not self.legal_ref.strip():
            raise ValueError(f"legal_ref is required when mode is {self.mode}")
        if self.mode == "percent" and (self.value >= 100 or self.value * 10 % 1 != 0):
            raise ValueError(f"percent must be below 100 in steps of 0.1, got {self.value}")
        if self.mode == "mpe_class" and f"{self.value.normalize():f}" not in MPE_IN_SERVICE_PERMILLE:
            known = ", ".join(MPE_IN_SERVICE_PERMILLE)
            raise ValueError(f"no accuracy class {self.value}; known: {known}")
        if self.mode == "kg" and self.value * 1000 % 1 != 0:
            raise ValueError(f"kilograms must be whole grams, got {self.value}")
        return self

    @property
    def permille(self) -> int:
        """Share taken off; 0 where the deduction is not a share."""
        if self.mode == "percent":
            return int(self.value * 10)
        if self.mode == "mpe_class":
            return MPE_IN_SERVICE_PERMILLE[f"{self.value.normalize():f}"]
        return 0

    @property
    def fixed_g(self) -> int:
        """Mass taken off; 0 where the deduction is a share."""
        return int(self.value * 1000) if self.mode == "kg" else 0


class PostedSettings(Settings):
    """The limit on this bridge's sign: its own evaluator, its own legal basis."""

    road_class: Literal["highway", "urban"]
    """公路 or 城市道路: the highway rules may not bind on an urban road bridge."""
    limit_kind: Literal["gvw", "axle"]
    """What the sign limits: 限制质量 (gross weight) or 限制轴重 (each axle). Read it off the sign."""
    limit_kg: Annotated[int, Field(gt=0, le=1_000_000)]
    """The number on the sign, kilograms."""
    sign_id: Annotated[str, Field(min_length=1)]
    """The authority's number of the sign."""
    legal_basis: Annotated[str, Field(min_length=1)]
    """The articles that make the posted limit binding here, as the authority confirmed them."""
    authority: Annotated[str, Field(min_length=1)]
    """Who may act on it: transport, urban management or police."""
    valid_from: IsoDate
    """First day on which the sign is in force."""
    deduction: DeductionSettings = DeductionSettings()

    @field_validator("limit_kg")
    @classmethod
    def _not_tonnes(cls, limit_kg: int) -> int:
        """A sign says tonnes. Copied as it stands, every car would be over the limit."""
        if limit_kg < LEAST_POSTED_KG:
            raise ValueError(f"{limit_kg} kg is no bridge's limit; the unit is kilograms, 20 t are 20000")
        return limit_kg


class GvwArt3Settings(Settings):
    """The national axle-count table of gross weights, 62号令 (2016) Art. 3."""

    legal_basis: str = "《超限运输车辆行驶公路管理规定》(交通运输部令2016年第62号) 第三条"
    deduction: DeductionSettings = DeductionSettings()


class AxleGroupSettings(Settings):
    """Axle and axle-group limits of GB 1589-2016. The table is unverified: never above `reference`."""

    legal_basis: str = "GB 1589-2016; 《公路安全保护条例》第六十四条"
    spacing_tolerance_mm: Annotated[int, Field(ge=0, le=300)] = 50
    """A measured spacing this near below a row's border is judged by the higher limit."""
    deduction: DeductionSettings = DeductionSettings()


class LimitsSettings(Settings):
    """The evaluators that judge a lane's crossings. Each that is left out does not judge."""

    posted: PostedSettings | None = None
    gvw_art3: GvwArt3Settings | None = None
    axle_group: AxleGroupSettings | None = None
