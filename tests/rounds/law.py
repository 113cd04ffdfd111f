"""The rules of law found (RULES.md §2.1), each as a rule to count by."""

from app.rounds.counting import CONSENT, Bar, Base, Measure, Rule

HOUSEHOLDS, HEADS = (Measure.HOUSEHOLDS,), (Measure.HEADS,)
BOTH = (Measure.HEADS, Measure.AREA)
MORE_THAN_HALF, TWO_THIRDS, THREE_QUARTERS = Bar(1, 2, inclusive=False), Bar(2, 3), Bar(3, 4)

ORDINARY = Rule(BOTH, MORE_THAN_HALF, Base.PARTICIPANTS, TWO_THIRDS)
SPECIAL = Rule(BOTH, THREE_QUARTERS, Base.PARTICIPANTS, TWO_THIRDS)
ASSEMBLY = Rule(HEADS, MORE_THAN_HALF, Base.PARTICIPANTS, MORE_THAN_HALF)
LEGACY_FUNDS = Rule(BOTH, TWO_THIRDS, Base.ALL, MORE_THAN_HALF)
LEGACY_OTHER = Rule(BOTH, MORE_THAN_HALF, Base.ALL, MORE_THAN_HALF)

R1, R2 = "R1 改造方案 80%以上居民同意", "R2 许昌 业主总户数2/3"
R3, R4, R5 = "R3 仪征 2/3以上业主", "R4 奈曼旗 入户率75%", "R5 居委会组织法9-10"
R6, R7 = "R6 民法典278(1)-(5),(9)", "R7 民法典278(6)-(8)"
R8, R8_OTHER = "R8 物业管理条例12 筹集、重建", "R8 物业管理条例12 其他"
R9, R9_SPECIAL = "R9 上海69 一个单元 一般", "R9 上海69 一个单元 特别"
R10, R11, R12 = "R10 河南59 加装电梯", "R11 济南7 加装电梯", "R12 无锡 加装电梯"
R15 = "R15 物业管理条例13 20%提议"
RULES = {
    R1: CONSENT,
    R2: Rule(HOUSEHOLDS, TWO_THIRDS),
    R3: Rule(HEADS, TWO_THIRDS),
    R4: Rule(HOUSEHOLDS, Bar(75, 100)),
    R5: ASSEMBLY,
    R6: ORDINARY,
    R7: SPECIAL,
    R8: LEGACY_FUNDS,
    R8_OTHER: LEGACY_OTHER,
    R9: ORDINARY,
    R9_SPECIAL: SPECIAL,
    R10: Rule(HEADS, TWO_THIRDS),
    R11: Rule(BOTH, TWO_THIRDS),
    R12: SPECIAL,
    R15: Rule(HEADS, Bar(20, 100)),
}
